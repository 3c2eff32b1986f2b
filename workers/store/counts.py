"""How many events met which end, and which properties were dropped: numbers that name nobody."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Int4s, Int8s, Texts
from workers.store.transactions import rows_of, run

# (source, event, outcome).  The event is a name the rulebook knows, or ``(unknown)``; the outcome
# ``stored``, ``duplicate`` or the reason of a refusal.
Outcome = tuple[int, str, str]
# (source, event, property); the property is a name the rulebook or the published dialect knows, or
# ``(other)``.  Its value is nowhere.
Dropped = tuple[int, str, str]


class Decision(NamedTuple):
    """What a decision is counted by."""

    day: date  # UTC
    source: int
    event: str
    outcome: str
    rulebook: int


class Drop(NamedTuple):
    """What a dropped property is counted by."""

    day: date  # UTC
    source: int
    event: str
    property: str


# Writers that count the same thing at once would wait for each other's commit, so each connection
# adds to the row of its slot.
_TODAY = "(now() at time zone 'UTC')::date"
_SLOT = "pg_backend_pid() %% 16"

_ADD = f"""
insert into store.decision_count as kept (day, source, event, outcome, rulebook, slot, count)
select {_TODAY}, source, event, outcome, %s, {_SLOT}, count
from unnest(%s, %s, %s, %s) as new (source, event, outcome, count) order by 2, 3, 4
on conflict (day, source, event, outcome, rulebook, slot)
do update set count = kept.count + excluded.count"""

_ADD_DROPPED = f"""
insert into store.dropped_count as kept (day, source, event, property, slot, count)
select {_TODAY}, source, event, property, {_SLOT}, count
from unnest(%s, %s, %s, %s) as new (source, event, property, count) order by 2, 3, 4
on conflict (day, source, event, property, slot)
do update set count = kept.count + excluded.count"""

_READ = """
select day, source, event, outcome, rulebook, sum(count)::int8 from store.decision_count
where day between %s and %s group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5"""

_READ_DROPPED = """
select day, source, event, property, sum(count)::int8 from store.dropped_count
where day between %s and %s group by 1, 2, 3, 4 order by 1, 2, 3, 4"""


def add(connection: Connection, counts: Mapping[Outcome, int], *, rulebook: int) -> None:
    """Add to today's counts of outcomes, in one statement and one order (two cannot cross).

    Best near the end of a transaction: the counted rows are held until it ends.
    """
    if counts:
        run(connection, _ADD, (rulebook, *_packed(counts)))


def add_dropped(connection: Connection, counts: Mapping[Dropped, int]) -> None:
    """Add to today's counts of dropped properties, likewise."""
    if counts:
        run(connection, _ADD_DROPPED, _packed(counts))


def decisions(connection: Connection, since: date, until: date) -> dict[Decision, int]:
    """Give the counts of decisions taken on these days, both included."""
    found = rows_of(connection, _READ, (since, until))
    return {Decision._make(row[:5]): row[5] for row in found}


def dropped(connection: Connection, since: date, until: date) -> dict[Drop, int]:
    """Give the counts of properties dropped on these days, both included."""
    found = rows_of(connection, _READ_DROPPED, (since, until))
    return {Drop._make(row[:4]): row[4] for row in found}


def _packed(counts: Mapping[tuple[int, str, str], int]) -> tuple[object, ...]:
    source, event, last = zip(*counts, strict=True)
    numbers = Int8s.of(list(counts.values()))
    return (Int4s.of(source), Texts.of(event), Texts.of(last), numbers)
