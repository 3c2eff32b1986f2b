"""How do admitted events become packed rows, one for each domain that may have them?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from gateway.ingest.drafts import Found, Value
from gateway.ingest.storing import Admitted
from policies.vocabulary import Column, EventKind
from workers.store import dictionary
from workers.store.event_rows import EventRow, pack

# The dictionary's kinds, in the order it is asked: always the same, so that two writers that add
# words at once cannot wait for each other.
WORD_KINDS: Final[Mapping[Column, int]] = {
    Column.PAGE: 2,
    Column.PRODUCT: 3,
    Column.CATEGORY: 4,
    Column.LABEL: 5,
    Column.CAMPAIGN: 6,
    Column.REFERRER: 7,
    Column.DEVICE: 8,
}
KIND_NUMBERS: Final[Mapping[str, int]] = {kind: number for number, kind in enumerate(EventKind)}
COLUMNS: Final = len(EventRow._fields)
PLACES: Final = {column: EventRow._fields.index(column) for column in Column}
NAME, PURPOSES, SOURCE, KIND = map(EventRow._fields.index, ("name", "purposes", "source", "kind"))
MAX_WORDS: Final = 200_000  # remembered per process; past it the store is asked again

Word = tuple[int, str]


class Words:
    """The numbers of dictionary words this process has seen committed."""

    def __init__(self) -> None:
        self._known: dict[Word, int] = {}

    def numbers(self, connection: Connection, admitted: Iterable[Admitted]) -> dict[Word, int]:
        """Give the number of every word of *admitted* that does not carry its own yet.

        Words nobody has used before are added.  Only those of events that are stored get here, so
        a refused event leaves none.
        """
        wanted: dict[int, set[str]] = {}
        numbers: dict[Word, int] = {}
        for item in admitted:
            for found in item.draft.found:
                if found.number is None and found.purposes & item.purposes:
                    self._ask(found, wanted, numbers)
        for kind in sorted(wanted):
            found_now = dictionary.ids(connection, kind, sorted(wanted[kind]))
            numbers |= {(kind, text): number for text, number in found_now.items()}
        return numbers

    def _ask(self, found: Found, wanted: dict[int, set[str]], numbers: dict[Word, int]) -> None:
        kind = WORD_KINDS.get(found.column)
        if kind is None:
            return
        text = str(found.value)
        number = self._known.get((kind, text))
        if number is None:
            wanted.setdefault(kind, set()).add(text)
        else:
            found.number = numbers[kind, text] = number

    def forget(self) -> None:
        """Forget every number: the store may be another one."""
        self._known.clear()

    def learn(self, numbers: Mapping[Word, int]) -> None:
        """Remember *numbers*; only once their transaction is committed."""
        if len(self._known) > MAX_WORDS:
            self._known.clear()
        self._known.update(numbers)


def event_row(
    item: Admitted, mid: int, batch: int, names: Mapping[str, int], words: Mapping[Word, int]
) -> EventRow:
    """Give the row of *item*: the first value that a served purpose needs wins its column.

    *mid* is what its message is called in its domain.
    """
    draft, standing, _, purposes = item
    row: list[Any] = [None] * COLUMNS
    for found in draft.found:
        place = PLACES[found.column]
        if row[place] is None and found.purposes & purposes:
            row[place] = found.number or _value(found, words)
    row[:4] = standing.subject, mid, draft.when.at_us, batch
    row[NAME], row[PURPOSES] = names[draft.name], purposes
    row[SOURCE], row[KIND] = draft.source, KIND_NUMBERS[draft.event.kind]
    return EventRow._make(row)


def _value(found: Found, words: Mapping[Word, int]) -> Value:
    kind = WORD_KINDS.get(found.column)
    return found.value if kind is None else words[kind, str(found.value)]


def packed(rows: Sequence[EventRow]) -> bytes:
    """Give *rows* as the body of a binary COPY."""
    return b"".join(map(pack, rows))
