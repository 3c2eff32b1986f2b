"""Refresh runs: where one stands, and who is due in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.computation import Computation
from workers.store.packing import Instant, Int8s
from workers.store.transactions import rows_of, run

DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OVERLAP_US = 10 * 60 * 1_000_000  # longer than any transaction that was under way may last

_COLUMNS = 'id, as_of, "full", started_at, finished_at, subjects, last_subject, rulebook'
_LAST = f"select {_COLUMNS} from store.refresh_run order by id desc limit 1"
_FINISHED = f"""
select {_COLUMNS} from store.refresh_run where finished_at is not null order by id desc limit 1"""
_BEGIN = f"""
insert into store.refresh_run (as_of, "full", started_at, rulebook) values (%s, %s, %s, %s)
returning {_COLUMNS}"""
# Nobody waits for the disk with the locks of a slice in hand: a crash takes what it wrote and that
# it was done together, so whoever goes on does it again.
_LOCK = f"""
select {_COLUMNS} from store.refresh_run
where id = %s and set_config('synchronous_commit', 'off', true) is not null for update"""
_ADVANCE = "update store.refresh_run set last_subject = %s, subjects = subjects + %s where id = %s"
_FINISH = """
update store.refresh_run set finished_at = %s where id = %s and finished_at is null"""
_RULEBOOKS = "select distinct rulebook from store.refresh_run where id >= %s"

_EVERYBODY = """
select id from store.subject where id > %s and state = 0 order by id"""

# Triplets (purpose, since, until) looked at one by one; a subject may have more, which costs more.
# An array is unpacked from its row once an element asked for, so it is copied (`|| '{}'`) first.
_INLINE = 6
_CHANGED = " or ".join(
    f"consent[{at}] between (select since_us from given) and (select now_us from given)"
    for triplet in range(_INLINE)
    for at in (3 * triplet + 2, 3 * triplet + 3)
)

# Whose values or memberships may have changed since the run before.  Too many is harmless.
# Everybody is looked at, so a microsecond each is a second for a million.  Hence no subquery a row;
# and `offset 0`, for the days would otherwise be carried into the join to be looked at behind it.
_DUE = f"""
with given as (select %s as since, %s::int8 as since_us, %s::int8 as now_us, %s as leaving,
  %s::tstzmultirange as first, %s::tstzmultirange as last, %s::tstzmultirange as purchase,
  %s::int4 as feature_set, %s::bool as always),
moved as (
  select subject, folded_at >= (select since from given) or (select always from given)
    or first_at <@ (select first from given) or last_at <@ (select last from given)
    or last_purchase_at <@ (select purchase from given)
    or case when (select cardinality(leaving) > 0 from given)
      then days && (select leaving from given) end as due
  from store.state offset 0),
found (id) as (
  select coalesce(t.subject, f.subject) from moved t
  full join store.feature_snapshot f on f.subject = t.subject
  where t.due or t.subject is null
    or f.feature_set is distinct from (select feature_set from given)
  union all
  select id from (select id, consent || '{{}}' as consent from store.subject offset 0) as copied
  where {_CHANGED}
    or (cardinality(consent) > {3 * _INLINE} and exists (
      select from unnest(consent) c (us)
      where us between (select since_us from given) and (select now_us from given)))
  union all
  select subject from store.consent_record where received_at >= (select since from given))
select s.id from store.subject s
where s.id > %s and s.state = 0 and s.id in (select id from found) order by s.id"""

_SECOND = timedelta(seconds=1)


class RefreshRun(NamedTuple):
    """One refresh; instants in microseconds since the Unix epoch."""

    id: int
    as_of_us: int
    full: bool
    started_at_us: int
    finished_at_us: int | None
    subjects: int
    last_subject: int
    rulebook: int


def latest(connection: Connection) -> RefreshRun | None:
    """Give the run begun last, finished or not."""
    return _one(connection, _LAST)


def latest_finished(connection: Connection) -> RefreshRun | None:
    """Give the run finished last."""
    return _one(connection, _FINISHED)


def rulebooks_since(connection: Connection, before: RefreshRun) -> set[int]:
    """Give the rulebooks of *before* and of every run begun after it, finished or not."""
    return {row[0] for row in rows_of(connection, _RULEBOOKS, (before.id,))}


def begin(
    connection: Connection, *, as_of_us: int, full: bool, now_us: int, rulebook: int
) -> RefreshRun:
    """Open a run."""
    values = (Instant.of_us(as_of_us), full, Instant.of_us(now_us), rulebook)
    return RefreshRun._make(rows_of(connection, _BEGIN, values)[0])


def lock(connection: Connection, run_id: int) -> RefreshRun:
    """Keep every other process off this run until the transaction ends; give where it stands."""
    return RefreshRun._make(rows_of(connection, _LOCK, (run_id,))[0])


def advance(connection: Connection, run_id: int, *, last_subject: int, subjects: int) -> None:
    """Note that everybody up to *last_subject* is done, *subjects* of them now."""
    run(connection, _ADVANCE, (last_subject, subjects, run_id))


def finish(connection: Connection, run_id: int, *, now_us: int) -> None:
    """Close the run."""
    run(connection, _FINISH, (Instant.of_us(now_us), run_id))


def everybody(connection: Connection, *, after: int) -> list[int]:
    """Give every subject alive with a number above *after*, in order."""
    return [row[0] for row in rows_of(connection, _EVERYBODY, (after,))]


def due(
    connection: Connection,
    run_: RefreshRun,
    before: RefreshRun,
    ctx: Computation,
    *,
    now_us: int,
) -> list[int]:
    """Give the subjects whose values or memberships may differ from what *before* left, in order.

    They have new events, or a day of theirs left a window, or an age crossed a threshold, or a
    consent began, ended or arrived.
    """
    since_us, passing = before.started_at_us - OVERLAP_US, ctx.passing
    ages = (passing.first, passing.last, passing.purchase)
    values = (
        Instant.of_us(since_us),
        since_us,
        now_us,
        Int8s.of(sorted(_leaving(passing.windows, before.as_of_us, run_.as_of_us))),
        *(_crossing(days, before.as_of_us, run_.as_of_us) for days in ages),
        ctx.feature_set,
        passing.always,
        run_.last_subject,
    )
    return [row[0] for row in rows_of(connection, _DUE, values)]


def _crossing(thresholds: Sequence[float], before_us: int, as_of_us: int) -> str:
    """Give when something happened whose age crosses a threshold (days) between two instants.

    Written as PostgreSQL writes several ranges.  A margin of a second on both sides swallows the
    rounding of days to floating point.
    """
    before, as_of = (EPOCH + timedelta(microseconds=us) for us in (before_us, as_of_us))
    ranges = [
        f"[{before - timedelta(days) - _SECOND:%Y-%m-%d %H:%M:%S.%f%z},"
        f"{as_of - timedelta(days) + _SECOND:%Y-%m-%d %H:%M:%S.%f%z}]"
        for days in thresholds
    ]
    return "{" + ",".join(ranges) + "}"


def _leaving(windows: frozenset[int], before_us: int, as_of_us: int) -> set[int]:
    """Give the UTC days that leave some window between two instants.

    The column holds day numbers among codes and counts, so a count may look like a day: too many
    subjects are then due, never too few.
    """
    days = range(before_us // DAY_US + 1, as_of_us // DAY_US + 1)
    return {day - window for day in days for window in windows}


def _one(connection: Connection, statement: str) -> RefreshRun | None:
    rows: Sequence[tuple[object, ...]] = rows_of(connection, statement, ())
    return RefreshRun._make(rows[0]) if rows else None
