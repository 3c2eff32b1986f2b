"""Which values of an event survive, and in which form?

Only declared properties are read (R-03).  Strings that people may have typed
into are scanned together, one scan for the whole commit group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from gateway.ingest.drafts import Draft, Found, Tally
from gateway.ingest.published import published_name
from policies.vocabulary import Column


class Scrubbed(Protocol):
    """A text after scanning: what was found is replaced by its kind."""

    @property
    def text(self) -> str:
        """The text without the people in it."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of what was found, such as ``EMAIL_ADDRESS``."""


class Scrub(Protocol):
    """Finds people in many texts at once."""

    def __call__(
        self, texts: Sequence[str], *, own: Sequence[Sequence[str]] | None = None
    ) -> Sequence[Scrubbed]:
        """Give every text back with what names people replaced; *own* are its sender's names."""


# Columns whose values are vocabulary, shared by many events through the dictionary.  There a
# scrubbed remainder has no use, and a value that named somebody must not become vocabulary.
VOCABULARY = frozenset(
    {
        Column.PAGE,
        Column.PRODUCT,
        Column.CATEGORY,
        Column.LABEL,
        Column.CAMPAIGN,
        Column.REFERRER,
        Column.DEVICE,
    }
)


def minimise(drafts: Iterable[Draft], scrub: Scrub, tally: Tally) -> None:
    """Fill ``found`` of every draft still going."""
    scans: list[tuple[Draft, Found, str]] = []
    for draft in drafts:
        if draft.plan is not None and draft.outcome is None:
            _read(draft, scans, tally)
    if not scans:
        return
    texts = [str(found.value) for _, found, _ in scans]
    own = [_own(draft) for draft, _, _ in scans]
    for (draft, found, name), clean in zip(scans, scrub(texts, own=own), strict=True):
        if not clean.kinds:
            continue
        tally.drop(draft.source, draft.name, f"{name}:scrubbed")
        if found.column in VOCABULARY:
            draft.found.remove(found)
        else:
            found.value = clean.text


def _own(draft: Draft) -> list[str]:
    """Give the identifiers the event came with: a page may carry its visitor's own number."""
    event = draft.event
    return [text for _, text in (*event.identifiers, *event.links)]


def _read(draft: Draft, scans: list[tuple[Draft, Found, str]], tally: Tally) -> None:
    plan = draft.plan
    if plan is None:
        return
    parts = draft.event.parts
    for item in plan.properties:
        if not item.purposes & draft.wanted:
            continue
        raw = item.read(parts)
        if raw is None:
            continue
        value = item.convert(raw)
        if value is None:
            tally.drop(draft.source, draft.name, f"{item.name}:invalid")
            continue
        found = Found(item.column, value, item.purposes)
        draft.found.append(found)
        if item.scan and isinstance(value, str):
            scans.append((draft, found, item.name))
    _count_unknown(draft, parts.get("properties"), plan.readable, tally)


def _count_unknown(
    draft: Draft, properties: Mapping[str, object] | None, readable: frozenset[str], tally: Tally
) -> None:
    """Count the properties nobody declared, by name only where the name is a published one.

    A name is the sender's text like any value: an e-mail address can be a key.
    """
    if not properties or properties.keys() <= readable:
        return
    other = 0
    for name in properties.keys() - readable:
        if published_name(name):
            tally.drop(draft.source, draft.name, name)
        else:
            other += 1
    if other:
        tally.drop(draft.source, draft.name, "(other)", other)
