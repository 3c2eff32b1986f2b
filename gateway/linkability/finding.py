"""Where in a text is a name or a pseudonym of one of many people?

Pure.  An erasure looks for one person, an audit for hundreds at once, with tens of thousands of
forms: the first characters of each are looked up at every position of the text, and what begins
like a form is held against it as the erasure's scan would.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from gateway.rights.needles import SHORT_CHARS, Needle, finds

HEAD: Final = SHORT_CHARS  # shorter forms are ambiguous, and not looked for
_BEFORE: Final = 8  # characters in front of a find that say whether a word begins there

Owner = TypeVar("Owner", bound=Hashable)


class Find(NamedTuple, Generic[Owner]):
    """Whose it is, and in which form it was found; never what it says."""

    owner: Owner
    form: str


class Finder(Generic[Owner]):
    """Looks for the needles of many owners at once."""

    def __init__(self, needles: Iterable[tuple[Owner, Needle]]) -> None:
        self._texts: dict[str, list[tuple[Owner, Needle]]] = {}
        self._bytes: dict[bytes, list[tuple[Owner, Needle]]] = {}
        for owner, needle in needles:
            if needle.ambiguous:
                continue
            if needle.text is not None and len(needle.text) >= HEAD:
                self._texts.setdefault(needle.text[:HEAD].lower(), []).append((owner, needle))
            if len(needle.data) >= HEAD:
                self._bytes.setdefault(needle.data[:HEAD], []).append((owner, needle))

    def __repr__(self) -> str:
        return f"Finder({len(self._texts)} beginnings)"

    def in_value(self, value: object) -> set[Find[Owner]]:
        """Give everything found in a value of any type, as a database gives it."""
        if isinstance(value, str):
            return set(self.in_text(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return set(self.in_bytes(bytes(value)))
        if isinstance(value, int) and not isinstance(value, bool):
            return set(self.in_text(str(value)))
        if isinstance(value, list | tuple):
            return {find for item in value for find in self.in_value(item)}
        if value is None or isinstance(value, bool | float):
            return set()
        return set(self.in_text(str(value)))

    def in_text(self, text: str) -> Iterator[Find[Owner]]:
        """Give what is found in *text*."""
        low = text.lower()
        if len(low) != len(text):
            text = low  # a letter that has no single small one: positions would not agree
        for at in range(len(low) - HEAD + 1):
            for owner, needle in self._texts.get(low[at : at + HEAD], ()):
                if _is_there(needle, text, low, at):
                    yield Find(owner, needle.form)

    def in_bytes(self, data: bytes) -> Iterator[Find[Owner]]:
        """Give what is found in *data*."""
        for at in range(len(data) - HEAD + 1):
            for owner, needle in self._bytes.get(data[at : at + HEAD], ()):
                if data.startswith(needle.data, at):
                    yield Find(owner, needle.form)


def _is_there(needle: Needle, text: str, low: str, at: int) -> bool:
    sought = needle.text or ""
    there = low.startswith(sought.lower(), at) if needle.folded else text.startswith(sought, at)
    if not there or not needle.bounded:
        return there
    around = text[max(0, at - _BEFORE) : at + len(sought) + 1]
    return bool(finds([needle], around))
