"""One part of two rulebooks side by side: entries that came, went, or say something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from policies.comparing.changes import Change, Effect, Judge, unlike


@dataclass(frozen=True)
class Part:
    """How the entries of one file are judged.

    Attributes:
        file: where they stand.
        added, removed: what an entry that came, or went, does.
        judges: by attribute of an entry.  One without a judge is ``unlike``, which loosens: what
            nobody has thought of is looked at.
        nested: attributes that hold entries of their own.
        loosens: whether a new entry does by itself, and not only once something refers to it.
    """

    file: str
    added: Effect
    removed: Effect
    judges: Mapping[str, Judge]
    nested: Mapping[str, Part] | None = None
    loosens: bool = True

    def compare(
        self, before: Mapping[str, Any], after: Mapping[str, Any], *, under: str = ""
    ) -> Iterator[Change]:
        """Give the changes from *before* to *after*, in the order of the new file."""
        for key, entry in after.items():
            if key not in before:
                yield Change(self.file, under + key, self.added, self.loosens, "", "new")
            elif entry != before[key]:
                yield from self.entry(before[key], entry, under + key)
        for key in before:
            if key not in after:
                yield Change(self.file, under + key, self.removed, False, "gone", "")

    def entry(self, before: Any, after: Any, key: str) -> Iterator[Change]:  # noqa: ANN401  # any declaration
        """Give the changes of one entry."""
        for field in fields(before):
            old, new = getattr(before, field.name), getattr(after, field.name)
            if old == new:
                continue
            if field.name in (self.nested or {}):
                yield from (self.nested or {})[field.name].compare(old, new, under=f"{key}: ")
                continue
            judge = self.judges.get(field.name, unlike)
            for verdict in judge(old, new):
                effect, loosens, was, is_ = verdict
                yield Change(self.file, f"{key}: {field.name}", effect, loosens, was, is_)
