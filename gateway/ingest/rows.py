"""How do admitted events become packed rows, one for each domain that may have them?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from gateway.ingest.decide import ALL
from gateway.ingest.drafts import Found, Value
from gateway.ingest.naming import MessageIds, Naming, Numbering
from gateway.ingest.storing import Admitted
from policies.vocabulary import Column, EventKind
from workers.store import dictionary
from workers.store.event_rows import EventRow, again, pack

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
Key = tuple[int, int]
"""A subject and a message id, which is what an event is known by."""


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
        draft, unnumbered = None, list[Found]()
        for item in admitted:
            if item.draft is not draft:
                draft = item.draft
                unnumbered = [
                    each
                    for each in draft.found
                    if each.number is None and each.column in WORD_KINDS
                ]
            for found in unnumbered:
                if found.purposes & item.purposes:
                    self._ask(found, wanted, numbers)
        for kind in sorted(wanted):
            found_now = dictionary.ids(connection, kind, sorted(wanted[kind]))
            numbers |= {(kind, text): number for text, number in found_now.items()}
        return numbers

    def _ask(self, found: Found, wanted: dict[int, set[str]], numbers: dict[Word, int]) -> None:
        kind, text = WORD_KINDS[found.column], str(found.value)
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


class Record(msgspec.Struct, gc=False, eq=False):
    """One event as one domain has it: what it is known by, and its packed row.

    ``row`` is the event's; where it says the same in several domains, as the first of them has it.
    """

    subject: int
    mid: int
    row: EventRow
    body: bytes

    def __repr__(self) -> str:
        return "Record(…)"

    @property
    def key(self) -> Key:
        """Give what the event is known by in the store."""
        return self.subject, self.mid


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the rows of one batch.

    Attributes:
        naming: what messages are called.
        domains: their keys, by number.
        names: the numbers of the names of events.
        words: the numbers of texts, by kind and text.
    """

    batch: int
    naming: Naming
    domains: Mapping[int, str]
    names: Mapping[str, int]
    words: Mapping[Word, int] = field(repr=False)

    def records(self, items: Iterable[Admitted]) -> list[Record]:
        """Give the records of *items*, of which those of one event stand side by side."""
        made: list[Record] = []
        numbering = _Numberings(self.naming.now, self.domains)
        draft, row, body, serving = None, None, b"", 0
        for item in items:
            subject, purposes = item.standing.subject, item.purposes
            mid = numbering[item.draft.source, item.domain](item.draft.message)
            if row is not None and item.draft is draft and serving & purposes:
                body = again(body, row, subject=subject, mid=mid, purposes=purposes)
            else:
                draft = item.draft
                row = event_row(item, mid, self.batch, self.names, self.words)
                body, serving = pack(row), _serving(draft.found, purposes)
            made.append(Record(subject, mid, row, body))
        return made


class _Numberings(dict[tuple[int, int], Numbering]):
    """What numbers the messages of a source in a domain, made when it is first asked for."""

    def __init__(self, ids: MessageIds, domains: Mapping[int, str]) -> None:
        super().__init__()
        self._ids = ids
        self._domains = domains

    def __missing__(self, key: tuple[int, int]) -> Numbering:
        source, domain = key
        made = self[key] = self._ids.numbering(source, self._domains[domain])
        return made


def _serving(found: Iterable[Found], purposes: int) -> int:
    """Give purposes by any of which a row holds all of *found*, as it does by *purposes*.

    None, where by *purposes* it may lack something.
    """
    shared = ALL
    for each in found:
        shared &= each.purposes
    return shared if shared & purposes else 0


def event_row(
    item: Admitted, mid: int, batch: int, names: Mapping[str, int], words: Mapping[Word, int]
) -> EventRow:
    """Give the row of *item*: the first value that a served purpose needs wins its column.

    *mid* is what its message is called in its domain.
    """
    draft, purposes = item.draft, item.purposes
    row: list[Any] = [None] * COLUMNS
    for found in draft.found:
        place = PLACES[found.column]
        if row[place] is None and found.purposes & purposes:
            row[place] = found.number or _value(found, words)
    row[:4] = item.standing.subject, mid, draft.when.at_us, batch
    row[NAME], row[PURPOSES] = names[draft.name], purposes
    row[SOURCE], row[KIND] = draft.source, KIND_NUMBERS[draft.event.kind]
    return EventRow._make(row)


def _value(found: Found, words: Mapping[Word, int]) -> Value:
    kind = WORD_KINDS.get(found.column)
    return found.value if kind is None else words[kind, str(found.value)]
