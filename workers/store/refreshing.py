"""Refresh runs: where one stands, and who is due in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.computation import Computation
from workers.store.packing import Float8s, Instant, Int8s
from workers.store.transactions import rows_of, run

DAY_US = 86_400_000_000
OVERLAP_US = 10 * 60 * 1_000_000  # longer than any transaction that was under way may last

_COLUMNS = 'id, as_of, "full", started_at, finished_at, subjects, last_subject, rulebook'
_LAST = f"select {_COLUMNS} from store.refresh_run order by id desc limit 1"
_FINISHED = f"""
select {_COLUMNS} from store.refresh_run where finished_at is not null order by id desc limit 1"""
_BEGIN = f"""
insert into store.refresh_run (as_of, "full", started_at, rulebook) values (%s, %s, %s, %s)
returning {_COLUMNS}"""
_LOCK = f"select {_COLUMNS} from store.refresh_run where id = %s for update"
_ADVANCE = "update store.refresh_run set last_subject = %s, subjects = subjects + %s where id = %s"
_FINISH = """
update store.refresh_run set finished_at = %s where id = %s and finished_at is null"""

_EVERYBODY = """
select id from store.subject where id > %s and state = 0 order by id"""

# Whose values or memberships may have changed since the run before.  Too many is harmless.
_DUE = """
select s.id from store.subject s
left join store.state t on t.subject = s.id
left join store.feature_snapshot f on f.subject = s.id
cross join (select %s as since, %s as as_of_before, %s as as_of, %s::int8 as since_us,
  %s::int8 as now_us, %s as leaving, %s as first, %s as last, %s as purchase,
  %s::int4 as feature_set, %s::bool as always) given
where s.id > %s and s.state = 0 and (
  (t.subject is not null and (given.always or t.folded_at >= given.since
    or f.feature_set is distinct from given.feature_set
    or t.days && given.leaving
    or {first} or {last} or {purchase}))
  or (t.subject is null and f.subject is not null)
  or exists (
    select from unnest(s.consent) c (us) where c.us between given.since_us and given.now_us)
  or s.id in (select r.subject from store.consent_record r where r.received_at >= given.since))
order by s.id"""

# A margin of a second on both sides swallows the rounding of days to floating point.
_CROSSES = """exists (select from unnest(given.{given}) d (days)
  where t.{column} between given.as_of_before - (d.days * 86400 + 1) * interval '1 second'
    and given.as_of - (d.days * 86400 - 1) * interval '1 second')"""

_DUE = _DUE.format(
    first=_CROSSES.format(given="first", column="first_at"),
    last=_CROSSES.format(given="last", column="last_at"),
    purchase=_CROSSES.format(given="purchase", column="last_purchase_at"),
)


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
    values = (
        Instant.of_us(since_us),
        Instant.of_us(before.as_of_us),
        Instant.of_us(run_.as_of_us),
        since_us,
        now_us,
        Int8s.of(sorted(_leaving(passing.windows, before.as_of_us, run_.as_of_us))),
        Float8s.of(passing.first),
        Float8s.of(passing.last),
        Float8s.of(passing.purchase),
        ctx.feature_set,
        passing.always,
        run_.last_subject,
    )
    return [row[0] for row in rows_of(connection, _DUE, values)]


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
