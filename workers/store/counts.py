"""How many events met which end, and which properties were dropped: numbers that name nobody."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Int4s, Int8s, Texts
from workers.store.transactions import rows_of, run


class Decision(NamedTuple):
    """What a decision is counted by.

    ``event`` is a name the rulebook knows, or ``(unknown)``; ``outcome`` is ``stored``,
    ``duplicate`` or the reason of a refusal.
    """

    day: date
    source: int
    event: str
    outcome: str
    rulebook: int


class Drop(NamedTuple):
    """What a dropped property is counted by; its value is nowhere."""

    day: date
    source: int
    event: str
    property: str


# Writers that count the same thing at once would wait for each other's commit; few share a slot.
_SLOTS = 16

_ADD = f"""
insert into store.decision_count as kept (day, source, event, outcome, rulebook, slot, count)
select day, source, event, outcome, rulebook, pg_backend_pid() %% {_SLOTS}, count
from unnest(%s::date[], %s, %s, %s, %s, %s) as new (day, source, event, outcome, rulebook, count)
order by 1, 2, 3, 4, 5
on conflict (day, source, event, outcome, rulebook, slot)
do update set count = kept.count + excluded.count"""

_ADD_DROPPED = f"""
insert into store.dropped_count as kept (day, source, event, property, slot, count)
select day, source, event, property, pg_backend_pid() %% {_SLOTS}, count
from unnest(%s::date[], %s, %s, %s, %s) as new (day, source, event, property, count)
order by 1, 2, 3, 4
on conflict (day, source, event, property, slot)
do update set count = kept.count + excluded.count"""

_READ = """
select day, source, event, outcome, rulebook, sum(count)::int8 from store.decision_count
where day between %s and %s group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5"""

_READ_DROPPED = """
select day, source, event, property, sum(count)::int8 from store.dropped_count
where day between %s and %s group by 1, 2, 3, 4 order by 1, 2, 3, 4"""


def add(connection: Connection, counts: Mapping[Decision, int]) -> None:
    """Add to the counts of decisions, in one statement and one order (two batches cannot cross).

    Best as the last statement of a transaction: the counted rows are held until it ends.
    """
    if not counts:
        return
    day, source, event, outcome, rulebook = zip(*counts, strict=True)
    labels = (Texts.of(event), Texts.of(outcome), Int4s.of(rulebook))
    values = (list(day), Int4s.of(source), *labels, Int8s.of(list(counts.values())))
    run(connection, _ADD, values)


def add_dropped(connection: Connection, counts: Mapping[Drop, int]) -> None:
    """Add to the counts of dropped properties, likewise."""
    if not counts:
        return
    day, source, event, property_ = zip(*counts, strict=True)
    labels = (Texts.of(event), Texts.of(property_))
    values = (list(day), Int4s.of(source), *labels, Int8s.of(list(counts.values())))
    run(connection, _ADD_DROPPED, values)


def decisions(connection: Connection, since: date, until: date) -> dict[Decision, int]:
    """Give the counts of decisions taken on these days, both included."""
    found = rows_of(connection, _READ, (since, until))
    return {Decision._make(row[:5]): row[5] for row in found}


def dropped(connection: Connection, since: date, until: date) -> dict[Drop, int]:
    """Give the counts of properties dropped on these days, both included."""
    found = rows_of(connection, _READ_DROPPED, (since, until))
    return {Drop._make(row[:4]): row[4] for row in found}
