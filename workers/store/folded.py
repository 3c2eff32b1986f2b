"""Reading and writing folded states: every statement on ``store.state`` but its erasure.

One statement a call, whatever the number of subjects; values travel packed (``packing``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from workers.features.state import HOURS, State
from workers.store.packing import Instant, Instants, Int2s, Int4s, Int8s, ragged
from workers.store.transactions import rows_of, run

_COLUMNS = """subject, first_at, last_at, last_mid, events, sessions, session_start,
  session_clicks, closed_seconds, closed_click_seconds, last_step, last_purchase_at, amount,
  steps, dwell, hours, days"""

_READ = f"""
select {_COLUMNS} from store.state where subject = any(%s) order by subject"""  # noqa: S608  ours

_NEW = """
select n.subject, n.first_at, n.last_at, n.last_mid, n.events, n.sessions, n.session_start,
  n.session_clicks, n.closed_seconds, n.closed_click_seconds, n.last_step, n.last_purchase_at,
  n.amount, (f.steps)[(n.at - 1) * f.kinds + 1:n.at * f.kinds],
  (f.dwell)[(n.at - 1) * f.kinds + 1:n.at * f.kinds], (f.hours)[(n.at - 1) * 24 + 1:n.at * 24],
  (f.days)[n.lo:n.hi], f.folded_at
from (select %s as steps, %s as dwell, %s as hours, %s as days, %s::int4 as kinds,
  %s as folded_at) f,
  unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) with ordinality
  n(subject, first_at, last_at, last_mid, events, sessions, session_start, session_clicks,
    closed_seconds, closed_click_seconds, last_step, last_purchase_at, amount, lo, hi, at)
order by n.subject"""

_INSERT = f"""
insert into store.state ({_COLUMNS}, folded_at) {_NEW}
on conflict (subject) do nothing returning subject"""  # noqa: S608  ours

_UPDATE = f"""
update store.state s set (first_at, last_at, last_mid, events, sessions, session_start,
  session_clicks, closed_seconds, closed_click_seconds, last_step, last_purchase_at, amount, steps,
  dwell, hours, days, folded_at) = (c.first_at, c.last_at, c.last_mid, c.events, c.sessions,
  c.session_start, c.session_clicks, c.closed_seconds, c.closed_click_seconds, c.last_step,
  c.last_purchase_at, c.amount, c.steps, c.dwell, c.hours, c.days, c.folded_at)
from ({_NEW}) c ({_COLUMNS}, folded_at) where s.subject = c.subject"""  # noqa: S608  ours

_DELETE = "delete from store.state where subject = any(%s)"


def read(connection: Connection, subjects: Sequence[int], *, steps: int) -> dict[int, State]:
    """Give the states of *subjects* that have one; *steps* is the rulebook's number of steps."""
    rows = rows_of(connection, _READ, (Int8s.of(subjects),))
    return {row[0]: _state(row[1:], steps) for row in rows}


def lock(connection: Connection, subjects: Sequence[int], *, steps: int) -> dict[int, State]:
    """Do the same, and keep everybody else from writing these states until the transaction ends.

    Rows are locked in the order of their subject, so two callers cannot wait for each other here.
    """
    rows = rows_of(connection, _READ + " for update", (Int8s.of(subjects),))
    return {row[0]: _state(row[1:], steps) for row in rows}


def insert(connection: Connection, states: Mapping[int, State], *, now_us: int) -> set[int]:
    """Write first states; give the subjects for whom somebody else was faster."""
    if not states:
        return set()
    written = {row[0] for row in rows_of(connection, _INSERT, _packed(states, now_us))}
    return set(states) - written


def update(connection: Connection, states: Mapping[int, State], *, now_us: int) -> None:
    """Write states whose rows this transaction holds."""
    if states:
        run(connection, _UPDATE, _packed(states, now_us))


def delete(connection: Connection, subjects: Sequence[int]) -> None:
    """Remove the states of subjects without any event left."""
    if subjects:
        run(connection, _DELETE, (Int8s.of(subjects),))


def _packed(states: Mapping[int, State], now_us: int) -> tuple[object, ...]:
    subjects = sorted(states)
    rows = [states[subject] for subject in subjects]
    days, first, last = ragged(row.days for row in rows)
    return (
        Int4s.of([count for row in rows for count in row.steps]),
        Int8s.of([dwell for row in rows for dwell in row.dwell_ms]),
        Int4s.of([count for row in rows for count in row.hours]),
        Int8s.of(days),
        len(rows[0].steps),
        Instant.of_us(now_us),
        Int8s.of(subjects),
        Instants.of_us(row.first_at_us for row in rows),
        Instants.of_us(row.last_at_us for row in rows),
        Int8s.of([row.last_mid for row in rows]),
        Int4s.of([row.events for row in rows]),
        Int4s.of([row.sessions for row in rows]),
        Instants.of_us(row.session_start_us for row in rows),
        Int4s.of([row.session_clicks for row in rows]),
        Int8s.of([row.closed_seconds for row in rows]),
        Int8s.of([row.closed_click_seconds for row in rows]),
        Int2s.of([row.last_step for row in rows]),
        Instants.of_nullable_us(row.last_purchase_at_us for row in rows),
        Int8s.of([row.amount for row in rows]),
        Int4s.of(first),
        Int4s.of(last),
    )


def _state(row: Sequence[object], steps: int) -> State:
    """Build a state from the columns after the subject; arrays grow with the rulebook's steps."""
    state = State.__new__(State)
    (
        state.first_at_us,
        state.last_at_us,
        state.last_mid,
        state.events,
        state.sessions,
        state.session_start_us,
        state.session_clicks,
        state.closed_seconds,
        state.closed_click_seconds,
        state.last_step,
        state.last_purchase_at_us,
        state.amount,
        state.steps,
        state.dwell_ms,
        state.hours,
        state.days,
    ) = row  # type: ignore[assignment]  # the order is that of _COLUMNS
    for counts, length in ((state.steps, steps), (state.dwell_ms, steps), (state.hours, HOURS)):
        counts.extend([0] * (length - len(counts)))
        del counts[length:]
    return state
