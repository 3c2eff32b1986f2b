"""Folding stored events into stored states, for every lane and job.

An event that does not come after what is folded already (a late one, or a second delivery) is put
among the last ones where these are remembered; an older one makes its subject's state be folded
anew from the stored events.  So no order of delivery matters.

A stored state says by which rules it was counted (``Computation.way``).  One that was counted by
others, since the rulebook has changed, is not read: its subject's events are folded instead, so a
step that moved never counts as another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.features.late import late
from workers.features.state import Happened, State
from workers.store import facts, state
from workers.store.computation import WAY_BYTES, Computation
from workers.store.state import StateRow
from workers.store.state import Version as StateVersion

HISTORIES = 50  # whole ones read at once: they grow, and what they take in memory with them

States = dict[int, State]
News = Mapping[int, Sequence[Happened]]
"""Just stored events of each subject, one at least, in their order."""


class Ahead(NamedTuple):
    """States folded from what nobody held, and what they were folded from.

    Those *anew* are not what is stored; *whole* means that every history was folded.
    """

    states: States
    read: Mapping[int, StateVersion]
    anew: Collection[int]
    whole: bool = False


def read(connection: Connection, ctx: Computation, subjects: Sequence[int]) -> States:
    """Give the states of those of *subjects* that have one."""
    return _states(connection, ctx, state.read(connection, subjects))


def hold(connection: Connection, ctx: Computation, subjects: Sequence[int], now_us: int) -> States:
    """Give the states of those of *subjects* that have one, and let nobody fold until we commit.

    What was counted by other rules is counted anew, and written so.
    """
    rows = state.lock(connection, sorted(subjects))
    states = _states(connection, ctx, rows)
    other = [subject for subject in rows if not _ours(ctx, rows[subject])]
    state.delete(connection, [subject for subject in other if subject not in states])
    anew = {subject: states[subject] for subject in other if subject in states}
    return states | _write(connection, ctx, anew, held=anew, now_us=now_us)


def look_ahead(
    connection: Connection, ctx: Computation, subjects: Sequence[int], *, whole: bool
) -> Ahead:
    """Give what ``hold_ahead`` will hold, as far as it can be told while nobody is held.

    With *whole*, every history is folded, whatever is stored.
    """
    rows = state.read(connection, subjects)
    states = of_stored(connection, ctx, subjects) if whole else _states(connection, ctx, rows)
    anew = {subject for subject in states if whole or not _ours(ctx, rows[subject])}
    read_ = {subject: state.version(row) for subject, row in rows.items()}
    return Ahead(states, read_, anew, whole)


def hold_ahead(
    connection: Connection, ctx: Computation, subjects: Sequence[int], ahead: Ahead, now_us: int
) -> States:
    """Hold as ``hold`` does those whose registry rows are held; give their states.

    A state that is still what was read is the one in *ahead*; one that somebody folded meanwhile
    is another.
    """
    held = state.hold(connection, sorted(subjects))
    still = {each for each in subjects if _still(each, held, ahead)}
    states = {each: state_ for each, state_ in ahead.states.items() if each in still}
    anew = {each: states[each] for each in states if each in ahead.anew}
    gone = [each for each in held if each in still and each not in states]
    if gone:
        state.delete(connection, gone)
    states |= _write(connection, ctx, anew, held=held.keys(), now_us=now_us)
    moved = [each for each in subjects if each not in still]
    if not moved:
        return states
    return states | (refold if ahead.whole else hold)(connection, ctx, moved, now_us)


def _still(subject: int, held: Mapping[int, StateVersion], ahead: Ahead) -> bool:
    """Say whether what was told of *subject* ahead can be relied on.

    Where no state is and none was, nothing tells whether the events that were read are left.
    """
    if subject not in held and subject in ahead.states:
        return False
    return held.get(subject) == ahead.read.get(subject)


def fold_in(connection: Connection, ctx: Computation, news: News, now_us: int) -> States:
    """Fold each subject's just stored events into its state; give the states, by subject."""
    queue = {subject: news[subject] for subject in sorted(news)}
    held = _lock(connection, ctx, list(queue))
    found = {subject: _folded(ctx, held.get(subject), new) for subject, new in queue.items()}
    behind = [subject for subject, state_ in found.items() if state_ is None]
    whole = of_stored(connection, ctx, behind)
    states = {
        subject: state_ or whole.get(subject) or ctx.fold(held.get(subject), queue[subject])
        for subject, state_ in found.items()
    }
    return _write(connection, ctx, states, held=held.keys(), now_us=now_us)


def fold_ahead(connection: Connection, ctx: Computation, news: News) -> Ahead:
    """Fold as ``fold_in`` does, but hold nothing and write nothing: ``write_ahead`` does.

    Where many subjects are folded at once that is most of the work, and nobody waits for it.  One
    whose history it takes is left out.
    """
    rows = state.read(connection, sorted(news))
    read_ = _states(connection, ctx, rows)
    found = {subject: _folded(ctx, read_.get(subject), news[subject]) for subject in news}
    return Ahead(
        {subject: state_ for subject, state_ in found.items() if state_ is not None},
        {subject: state.version(row) for subject, row in rows.items()},
        anew=news.keys(),
    )


def write_ahead(
    connection: Connection, ctx: Computation, news: News, ahead: Ahead, now_us: int
) -> States:
    """Write what was folded ahead; give the states that became others than in *ahead*.

    Those are of subjects whom somebody else has folded meanwhile, or whose history it takes.
    """
    held = state.hold(connection, sorted(news))
    moved = {
        subject: new
        for subject, new in news.items()
        if subject not in ahead.states or held.get(subject) != ahead.read.get(subject)
    }
    still = {subject: each for subject, each in ahead.states.items() if subject not in moved}
    written = _write(connection, ctx, still, held=held.keys(), now_us=now_us)
    others = {subject: each for subject, each in written.items() if each is not still[subject]}
    return others | fold_in(connection, ctx, moved, now_us)


def refold(
    connection: Connection, ctx: Computation, subjects: Sequence[int], now_us: int
) -> States:
    """Fold the whole stored history of *subjects* anew; who has no event left loses the state."""
    held = _lock(connection, ctx, sorted(subjects))
    states = of_stored(connection, ctx, subjects)
    state.delete(connection, [subject for subject in subjects if subject not in states])
    return _write(connection, ctx, states, held=held.keys(), now_us=now_us)


def of_stored(
    connection: Connection,
    ctx: Computation,
    subjects: Sequence[int],
    *,
    until_us: int | None = None,
) -> States:
    """Fold stored events up to and including *until_us*, without writing anything."""
    states: States = {}
    for start in range(0, len(subjects), HISTORIES):
        read_ = facts.of_subjects(connection, subjects[start : start + HISTORIES], until_us)
        for subject, history in ctx.roles.histories(read_).items():
            states[subject] = ctx.fold(None, history)
    return states


def _folded(ctx: Computation, held: State | None, new: Sequence[Happened]) -> State | None:
    """Carry *new* into what is held; ``None`` if that takes the whole history."""
    if held is not None and late(held, new[0]):
        return ctx.fold_late(held, new)
    return ctx.fold(held, new)


def _lock(connection: Connection, ctx: Computation, subjects: Sequence[int]) -> States:
    return _states(connection, ctx, state.lock(connection, subjects))


def _write(
    connection: Connection,
    ctx: Computation,
    states: States,
    *,
    held: Iterable[int],
    now_us: int,
) -> States:
    """Write *states*, those *held* by an update; give what is now stored.

    Two transactions may write a subject's first state at once.  The slower one finds that out,
    locks the row of the faster and folds the events of both.
    """
    known = set(held)
    rows = {subject: _row(ctx, subject, states[subject], now_us) for subject in sorted(states)}
    # First those whose answer is waited for: in a pipeline the others are then written meanwhile.
    raced = state.insert(connection, [rows[subject] for subject in rows if subject not in known])
    state.upsert(connection, [row for subject, row in rows.items() if subject in known])
    if not raced:
        return states
    state.lock(connection, sorted(raced))
    both = of_stored(connection, ctx, sorted(raced))
    state.upsert(connection, [_row(ctx, each, both[each], now_us) for each in sorted(both)])
    return states | both


def _states(connection: Connection, ctx: Computation, rows: Mapping[int, StateRow]) -> States:
    steps = len(ctx.rules.steps)
    found = {subject: _state(row, steps) for subject, row in rows.items() if _ours(ctx, row)}
    return found | of_stored(connection, ctx, [each for each in rows if each not in found])


def _ours(ctx: Computation, row: StateRow) -> bool:
    return row.recent.startswith(ctx.way)


def _state(row: StateRow, steps: int) -> State:
    found = State(row.first_at, steps)
    found.last_at_us = row.last_at
    found.last_mid = row.last_mid
    found.events = row.events
    found.sessions = row.sessions
    found.session_start_us = row.session_start
    found.session_clicks = row.session_clicks
    found.closed_seconds = row.closed_seconds
    found.closed_click_seconds = row.closed_click_seconds
    found.last_step = row.last_step
    found.last_purchase_at_us = row.last_purchase_at
    found.amount = row.amount
    found.steps = row.steps
    found.dwell_ms = row.dwell
    found.hours = row.hours
    found.days = row.days
    found.recent = row.recent[WAY_BYTES:]
    return found


def _row(ctx: Computation, subject: int, found: State, now_us: int) -> StateRow:
    return StateRow(
        subject=subject,
        first_at=found.first_at_us,
        last_at=found.last_at_us,
        last_mid=found.last_mid,
        session_start=found.session_start_us,
        closed_seconds=found.closed_seconds,
        closed_click_seconds=found.closed_click_seconds,
        last_purchase_at=found.last_purchase_at_us,
        amount=found.amount,
        folded_at=now_us,
        events=found.events,
        sessions=found.sessions,
        session_clicks=found.session_clicks,
        last_step=found.last_step,
        recent=ctx.way + found.recent,
        steps=found.steps,
        dwell=found.dwell_ms,
        hours=found.hours,
        days=found.days,
    )
