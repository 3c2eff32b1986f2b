"""What does each column say of each pseudonym?

Pure.  Rows become, for every column, the values that stand beside a surrogate number.  Values of
one family can be compared across columns: an instant is a number of microseconds, and so are the
instants inside a folded consent; eight bytes are the number they would be in another column.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

Row = Mapping[str, Any]
Values = tuple[Hashable, ...]

NUMBER, REAL, WORDS, BYTES, DERIVED = "number", "real", "words", "bytes", "derived"
MOST_VALUES: Final = 256  # of one pseudonym in one column; arrays can be long
# What is left of an instant that is rounded down, so that one sees what rounding would help.
GRAINS: Final = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000,
                 "day": 86_400_000_000}  # fmt: skip
# What tells events apart but does not say what was done, and to be compared without it.
_NOT_DONE: Final = frozenset(
    {"xmin", "subject", "mid", "at", "batch", "purposes", "source", "kind"}
)


@dataclass(slots=True)
class Column:
    """One column: the values in it, by the surrogate they stand beside.

    Attributes:
        family: values of the same family are compared across columns; *derived* ones only with
            those derived in the same way.
    """

    name: str
    family: str
    values: dict[int, Values] = field(default_factory=dict)

    def about(self, subject: int) -> Values:
        """Give the values beside *subject*."""
        return self.values.get(subject, ())


def columns_of(
    table: str, about: str, others: Sequence[tuple[str, bool]], rows: Iterable[Row]
) -> list[Column]:
    """Give the columns of *table*, and what can be derived from them.

    *others* are its columns but the one that says whom a row is *about*, each with whether it is
    an instant.
    """
    by_subject: dict[int, list[Row]] = {}
    for row in rows:
        by_subject.setdefault(row[about], []).append(row)
    found: list[Column] = []
    for name in ("xmin", *(name for name, _ in others)):
        found += _families(f"{table}.{name}", name, by_subject)
    for name in (name for name, instant in others if instant):
        found += _rounded(f"{table}.{name}", name, by_subject)
    if table == "store.event":
        found += _doings(table, by_subject)
    return [column for column in found if column.values]


def _families(full: str, name: str, by_subject: Mapping[int, Sequence[Row]]) -> list[Column]:
    columns: dict[str, Column] = {}
    for subject, rows in by_subject.items():
        parts: dict[str, list[Hashable]] = {}
        for row in rows:
            for family, value in _plain(row[name]):
                parts.setdefault(family, []).append(value)
        for family, values in parts.items():
            column = columns.setdefault(family, Column(full, family))
            column.values[subject] = tuple(values[:MOST_VALUES])
    return list(columns.values())


def _plain(value: object) -> Iterable[tuple[str, Hashable]]:
    """Give the single values in *value*, each with its family; an array has several."""
    match value:
        case None | bool():
            return
        case int():
            yield NUMBER, value
        case float():
            yield REAL, value
        case bytes() | bytearray() | memoryview():
            yield from _of_bytes(bytes(value))
        case list() | tuple():
            for item in value:
                yield from _plain(item)
        case _:
            yield WORDS, str(value)


def _of_bytes(data: bytes) -> Iterable[tuple[str, Hashable]]:
    if len(data) == 8:
        yield NUMBER, int.from_bytes(data, "big", signed=True)
    elif data:
        yield BYTES, data


def _rounded(full: str, name: str, by_subject: Mapping[int, Sequence[Row]]) -> list[Column]:
    columns = [Column(f"{full}, to the {grain}", DERIVED) for grain in GRAINS]
    gaps = Column(f"{full}, the time between", DERIVED)
    for subject, rows in by_subject.items():
        instants = sorted(row[name] for row in rows if isinstance(row[name], int))
        for column, grain in zip(columns, GRAINS.values(), strict=True):
            if instants:
                column.values[subject] = tuple(instant // grain for instant in instants)
        between = tuple(after - before for before, after in pairwise(instants))
        if between:
            gaps.values[subject] = between
    return [*columns, gaps]


def _doings(table: str, by_subject: Mapping[int, Sequence[Row]]) -> list[Column]:
    """Give what was done, without when and by which message; and the same with the day."""
    done = Column(f"{table}, what was done", DERIVED)
    days = Column(f"{table}, what was done on which day", DERIVED)
    for subject, rows in by_subject.items():
        doings = [
            tuple(value for key, value in row.items() if key not in _NOT_DONE) for row in rows
        ]
        done.values[subject] = tuple(doings)
        days.values[subject] = tuple(
            (row["at"] // GRAINS["day"], doing) for row, doing in zip(rows, doings, strict=True)
        )
    return [done, days]
