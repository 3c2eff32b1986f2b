"""What does the thief of the store have in hand?  Read in bounded pieces, as a role that may."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from gateway.linkability.columns import Column, columns_of
from gateway.linkability.paths import Beside, Path, Target
from workers.store import held, linkage
from workers.store.dictionary import Kind

ROWS_EACH: Final = 64  # the newest rows of one pseudonym in one table
AT_ONCE: Final = 250  # pseudonyms whose rows are in memory as rows
# Columns of an event that hold the number of a word; their names are those of the kinds.
WORDED: Final = tuple(kind.name.lower() for kind in Kind if kind is not Kind.EVENT)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row about somebody who was drawn."""

    where: str
    subject: int
    value: Any


@dataclass(slots=True)
class Reading:
    """Columns of everybody, whole rows of those who were drawn, and who stands near these."""

    columns: list[Column] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    near: dict[Path, dict[Target, list[Beside]]] = field(default_factory=dict)


def read(
    store: Connection,
    subjects: Collection[int],
    drawn: Collection[int],
    targets: Sequence[Target],
    tell: Callable[[str], None],
) -> Reading:
    """Read everything about *subjects*; of the *drawn* among them keep each value."""
    reading = Reading()
    for table, about, others in linkage.tables():
        tell(f"reading {table}")
        known: dict[tuple[str, str], Column] = {}
        for some in _pieces(sorted(subjects)):
            rows = linkage.rows_about(store, table, some, each=ROWS_EACH)
            for column in columns_of(table, about, others, rows):
                into = known.setdefault((column.name, column.family), column)
                into.values.update(column.values)
            reading.cells += _cells(table, about, (row for row in rows if row[about] in drawn))
        reading.columns += known.values()
    reading.cells += _words(store, reading.cells)
    for table in linkage.numbered_tables():
        _nearness(store, table, targets, reading)
    return reading


def _cells(table: str, about: str, rows: Iterable[dict[str, Any]]) -> Iterable[Cell]:
    for row in rows:
        for name, value in row.items():
            if value is not None and name not in {about, linkage.TRANSACTION}:
                yield Cell(f"{table}.{name}", row[about], value)


def _words(store: Connection, cells: Sequence[Cell]) -> list[Cell]:
    """Give the words that numbers in events stand for: one join away, so as good as there."""
    worded = {f"store.event.{name}" for name in WORDED}
    numbered = [cell for cell in cells if cell.where in worded]
    words = held.words(store, sorted({cell.value for cell in numbered}))
    return [
        Cell(f"{cell.where} (its word)", cell.subject, words[cell.value])
        for cell in numbered
        if cell.value in words
    ]


def _nearness(store: Connection, table: str, targets: Sequence[Target], reading: Reading) -> None:
    number = Path("next number", f"{table}.id", f"{table}.id")
    place = Path("next in the file", table, table)
    by_number, by_place = reading.near.setdefault(number, {}), reading.near.setdefault(place, {})
    for domain in sorted({target.domain for target in targets}):
        these = [target.subject for target in targets if target.domain == domain]
        for near in linkage.neighbours(store, table, these, domain):
            target = Target(near.subject, domain)
            by_number.setdefault(target, []).append(Beside(near.other, near.numbers))
            by_place.setdefault(target, []).append(Beside(near.other, near.places))


def _pieces(subjects: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(subjects), AT_ONCE):
        yield subjects[start : start + AT_ONCE]
