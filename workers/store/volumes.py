"""How much is held, and how much of it is singular?  Numbers for an assessment, about nobody.

Each statement reads a whole table; whoever asks has time.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.transactions import rows_of

_EVENTS = "select count(*), min(at), max(at) from store.event"
_SUBJECTS = """
select d.key, count(*) filter (where s.state = 0), count(*) filter (where s.state = 1)
from store.subject s join store.domain d on d.id = s.domain group by d.key order by d.key"""
_OUTCOMES = """
select outcome, sum(count)::int8 from store.decision_count group by outcome order by outcome"""
_WITHDRAWALS = """
select count(*), count(finished_at), coalesce(sum(deleted), 0)::int8 from store.withdrawal"""

# Of how many people each combination of feature values is: one alone is recognised by it.
_ALIKE = """
select width_bucket(alike, array[2, 5, 11]), sum(alike)::int8 from (
  select count(*)::int4 as alike from store.feature_snapshot group by feature_set, values
) as found group by 1 order by 1"""
ALIKE = ("1", "2-4", "5-10", "11+")


class Volumes(NamedTuple):
    """What is held.

    Attributes:
        subjects: by domain, how many are alive and how many restricted.
        alike: people by how many, themselves included, have exactly their feature values.
        withdrawals: asked for, carried out, and the events deleted for them.
    """

    events: int
    oldest_us: int | None
    newest_us: int | None
    subjects: dict[str, tuple[int, int]]
    outcomes: dict[str, int]
    alike: dict[str, int]
    withdrawals: tuple[int, int, int]


def look(connection: Connection) -> Volumes:
    """Give what is held now."""
    ((events, oldest_us, newest_us),) = rows_of(connection, _EVENTS, ())
    subjects = {row[0]: (row[1], row[2]) for row in rows_of(connection, _SUBJECTS, ())}
    outcomes = {row[0]: row[1] for row in rows_of(connection, _OUTCOMES, ())}
    buckets = {row[0]: row[1] for row in rows_of(connection, _ALIKE, ())}
    alike = {name: buckets.get(at, 0) for at, name in enumerate(ALIKE)}
    ((asked, done, deleted),) = rows_of(connection, _WITHDRAWALS, ())
    withdrawals = (asked, done, deleted)
    return Volumes(events, oldest_us, newest_us, subjects, outcomes, alike, withdrawals)
