"""How do admitted events become packed rows, one for each domain that may have them?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

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
KIND_NUMBERS: Final = {kind: number for number, kind in enumerate(EventKind)}
MAX_WORDS: Final = 200_000  # remembered per process; past it the store is asked again

Word = tuple[int, str]


class Words:
    """The numbers of dictionary words this process has seen committed."""

    def __init__(self) -> None:
        self._known: dict[Word, int] = {}

    def numbers(self, connection: Connection, admitted: Iterable[Admitted]) -> dict[Word, int]:
        """Give the number of every word of *admitted*, adding those nobody has used before.

        Only words of events that are stored get here, so a refused event leaves none.
        """
        wanted: dict[int, set[str]] = {}
        numbers: dict[Word, int] = {}
        known = self._known
        for item in admitted:
            for found in item.draft.found:
                kind = WORD_KINDS.get(found.column)
                if kind is None or not found.purposes & item.purposes:
                    continue
                word = (kind, str(found.value))
                number = known.get(word)
                if number is None:
                    wanted.setdefault(kind, set()).add(word[1])
                else:
                    numbers[word] = number
        for kind in sorted(wanted):
            found_now = dictionary.ids(connection, kind, sorted(wanted[kind]))
            numbers |= {(kind, text): number for text, number in found_now.items()}
        return numbers

    def learn(self, numbers: Mapping[Word, int]) -> None:
        """Remember *numbers*; only once their transaction is committed."""
        if len(self._known) > MAX_WORDS:
            self._known.clear()
        self._known.update(numbers)


def event_row(
    item: Admitted, batch: int, names: Mapping[str, int], words: Mapping[Word, int]
) -> EventRow:
    """Give the row of *item*: the first value that a served purpose needs wins its column."""
    draft = item.draft
    values: dict[str, Any] = {}
    for found in draft.found:
        if found.column not in values and found.purposes & item.purposes:
            kind = WORD_KINDS.get(found.column)
            value = found.value if kind is None else words[kind, str(found.value)]
            values[found.column] = value
    get = values.get
    return EventRow(
        item.standing.subject,
        draft.mid,
        draft.when.at_us,
        batch,
        get("amount"),
        get("number"),
        names[draft.name],
        item.purposes,
        get("page"),
        get("product"),
        get("category"),
        get("label"),
        get("campaign"),
        get("referrer"),
        get("device"),
        get("quantity"),
        get("duration"),
        draft.source,
        KIND_NUMBERS[EventKind(draft.event.kind)],
        get("text"),
    )


def packed(rows: Sequence[EventRow]) -> bytes:
    """Give *rows* as the body of a binary COPY."""
    return b"".join(map(pack, rows))
