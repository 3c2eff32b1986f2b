"""Events past the period of a purpose: whose they are; and the record of each run over them.

A run goes over one table for the purposes of one period.  It stands in ``store.retention_run``
from its first batch on, so that one which was stopped is gone on with, and is evidence afterwards
(R-05).
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Final, NamedTuple

from sqlalchemy import Connection

from policies.retention import horizon_us
from workers.store import quarantine
from workers.store.computation import Computation
from workers.store.packing import Instant
from workers.store.transactions import rows_of, run

EVENT: Final = "event"
BATCH: Final = "batch"
CONSENT: Final = "consent_record"
QUARANTINE: Final = "quarantine"
ANY_PURPOSE: Final = (1 << 31) - 1

# The block-range index on `at` finds the old end of the table; restricted and erased subjects are
# left out here, so that they never fill a batch.
_HOLDERS = """
select distinct old.subject from (
  select e.subject from store.event e join store.subject s on s.id = e.subject and s.state = 0
  where e.at <= %s and e.purposes & %s::int4 <> 0 limit %s) old order by old.subject"""

_FORGET = "select people, records from store.forget_lapsed(%s, %s)"

_COLUMNS = "id, kept, purposes, before, started_at, finished_at, deleted, narrowed"

_RESUME = """
update store.retention_run set before = %s, rulebook = %s
where id = (select max(id) from store.retention_run
            where kept = %s and purposes = %s and finished_at is null)
returning id"""
_BEGIN = """
insert into store.retention_run (before, rulebook, kept, purposes, started_at)
values (%s, %s, %s, %s, %s) returning id"""
_COUNT = """
update store.retention_run set deleted = deleted + %s, narrowed = narrowed + %s where id = %s"""
_FINISH = "update store.retention_run set finished_at = %s where id = %s"
_LAST = f"""
select distinct on (kept, purposes) {_COLUMNS} from store.retention_run
where finished_at is not null order by kept, purposes, id desc"""
_IN_ALL = """
select kept, purposes, sum(deleted)::int8, sum(narrowed)::int8 from store.retention_run
group by kept, purposes"""

_OLDEST = """
select min(e.at) filter (where s.state = 0),
  count(*) filter (where s.state = 1 and e.at <= %s)
from store.event e join store.subject s on s.id = e.subject
where e.purposes & %s::int4 <> 0"""
_OLDEST_BATCH = """
select min(received_at), 0 from store.batch
where not exists (select from store.dirty where dirty.batch = batch.id)"""


_OLDEST_CONSENT = """
select min(last), 0 from (
  select c.subject, max(greatest(c.at, c.received_at, c.valid_until)) as last
  from store.consent_record c join store.subject s on s.id = c.subject
  where s.state = 0 and s.objected = 0 group by c.subject) said
where not exists (select from store.event e where e.subject = said.subject)
  and not exists (select from store.withdrawal w where w.subject = said.subject
    and w.finished_at is null)"""


class Period(NamedTuple):
    """Purposes (bits) of one retention period, and the newest instant that is past it."""

    purposes: int
    before_us: int


class Run(NamedTuple):
    """One run over a table: what went until when, and what merely lost a purpose."""

    id: int
    kept: str
    purposes: int
    before_us: int
    started_us: int
    finished_us: int | None
    deleted: int
    narrowed: int


class Oldest(NamedTuple):
    """The oldest event for some purposes, and how many past the period a restriction keeps."""

    at_us: int | None
    restricted: int


def due(ctx: Computation, now_us: int) -> list[tuple[str, Period]]:
    """Give what is gone over, in this order; without purposes no more than the quarantine.

    That comes first: its promise is the shortest, its work the smallest, and a run ends at the
    first table for which there was no time.
    """
    found = periods(ctx, now_us)
    proof = ctx.rules.proof
    said = [(CONSENT, Period(0, horizon_us(now_us, proof)))] if found and proof else []
    days = timedelta(days=ctx.rules.quarantine.days)
    aside = [(QUARANTINE, Period(0, horizon_us(now_us, days)))]
    # A batch says when and from whom its events came, so it stays as long as any of them may.
    last = [(BATCH, Period(0, found[-1].before_us))] if found else []
    return [*aside, *((EVENT, period) for period in found), *said, *last]


def periods(ctx: Computation, now_us: int) -> list[Period]:
    """Give the purposes by their retention, the shortest first.

    Purposes the rulebook no longer declares go with the shortest.
    """
    rules = sorted(ctx.rules.purposes.values(), key=lambda rule: rule.retention)
    undeclared = ANY_PURPOSE & ~sum(1 << (ctx.purposes[rule.key] - 1) for rule in rules)
    found: list[Period] = []
    for retention, group in groupby(rules, key=lambda rule: rule.retention):
        bits = sum(1 << (ctx.purposes[rule.key] - 1) for rule in group)
        found.append(Period(bits if found else bits | undeclared, horizon_us(now_us, retention)))
    return found


def holders(connection: Connection, period: Period, *, limit: int) -> list[int]:
    """Give some subjects, none restricted, with events past *period*."""
    values = (Instant.of_us(period.before_us), period.purposes, limit)
    return [row[0] for row in rows_of(connection, _HOLDERS, values)]


def forget_lapsed(connection: Connection, period: Period, *, limit: int) -> tuple[int, int]:
    """Forget some of whom nothing is left but what they said, all of it past *period*.

    Give how many people, and how many records of theirs.
    """
    ((people, records),) = rows_of(connection, _FORGET, (Instant.of_us(period.before_us), limit))
    return people, records


def begin(connection: Connection, kept: str, period: Period, rulebook: int, now_us: int) -> int:
    """Give the number of a run over *kept*: the one that was not finished, or a new one."""
    before = Instant.of_us(period.before_us)
    found = rows_of(connection, _RESUME, (before, rulebook, kept, period.purposes))
    if not found:
        begun = Instant.of_us(now_us)
        found = rows_of(connection, _BEGIN, (before, rulebook, kept, period.purposes, begun))
    return int(found[0][0])


def count(connection: Connection, number: int, *, deleted: int, narrowed: int = 0) -> None:
    """Add to what run *number* did."""
    run(connection, _COUNT, (deleted, narrowed, number))


def finish(connection: Connection, number: int, now_us: int) -> None:
    """Say that run *number* found nothing more."""
    run(connection, _FINISH, (Instant.of_us(now_us), number))


def last_runs(connection: Connection) -> dict[tuple[str, int], Run]:
    """Give the newest finished run over each table and group of purposes."""
    found = [Run._make(row) for row in rows_of(connection, _LAST, ())]
    return {(each.kept, each.purposes): each for each in found}


def in_all(connection: Connection) -> dict[tuple[str, int], tuple[int, int]]:
    """Give how many rows went, and lost a purpose, in all runs, by table and purposes."""
    return {(row[0], row[1]): (row[2], row[3]) for row in rows_of(connection, _IN_ALL, ())}


def oldest_batch(connection: Connection) -> Oldest:
    """Look for the oldest batch: what it tells of whom and when goes with its last event."""
    return Oldest._make(rows_of(connection, _OLDEST_BATCH, ())[0])


def oldest_set_aside(connection: Connection, period: Period) -> Oldest:
    """Look for the oldest suspect event in quarantine."""
    found = quarantine.held(connection, period.before_us)
    return Oldest(found.oldest_us, found.restricted)


def oldest_consent(connection: Connection) -> Oldest:
    """Look for whoever's consents stopped counting first, of whom nothing else is kept."""
    return Oldest._make(rows_of(connection, _OLDEST_CONSENT, ())[0])


def oldest(connection: Connection, period: Period) -> Oldest:
    """Look for the oldest event for the purposes of *period*; reads the whole table."""
    values = (Instant.of_us(period.before_us), period.purposes)
    return Oldest._make(rows_of(connection, _OLDEST, values)[0])
