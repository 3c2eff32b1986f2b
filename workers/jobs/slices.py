"""What a refresh does for some subjects, in one transaction.

It counts first and holds afterwards: live events and choices of all of them wait from the first row
held to the commit.  Whoever was folded in between is counted again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.jobs.clock import now_us
from workers.store import folding, lanes, registry, snapshots
from workers.store.computation import Computation, Subject
from workers.store.refreshing import RefreshRun


class Changed(NamedTuple):
    """How many snapshot rows and memberships a slice changed."""

    snapshots: int = 0
    memberships: int = 0


class Counted(NamedTuple):
    """What is recorded of a subject, as of the run, and what they are judged by, as they are.

    Both differ for whoever came back after the instant of the run; who only came after it has
    nothing to record.
    """

    snapshot: Sequence[float | None] | None
    judged: Sequence[float | None]


def settle(
    connection: Connection, ctx: Computation, run: RefreshRun, numbers: Sequence[int]
) -> Changed:
    """Bring the values and memberships of the subjects with these *numbers* up to the run."""
    domains = registry.domains_of(connection, numbers)
    ahead = folding.look_ahead(connection, ctx, list(domains), whole=run.full)
    counted = _counted(connection, ctx, run, domains, ahead.states)
    # From here to the commit, who sends an event of one of them waits.
    rows = registry.lock_by_id(connection, list(domains))
    alive = [lanes.standing(row) for row in rows.values() if row.state == registry.ALIVE]
    states = _held(connection, ctx, [subject.id for subject in alive], ahead)
    # Whoever took all events of somebody meanwhile has settled the rest, too.
    lost = {each for each in ahead.read if each in ahead.states and each not in states}
    subjects = [subject for subject in alive if subject.id not in lost]
    again = {each: state for each, state in states.items() if state is not ahead.states.get(each)}
    if again:
        counted |= _counted(connection, ctx, run, domains, again)
    return _write(connection, ctx, run, subjects, {each: counted[each] for each in states})


def _counted(
    connection: Connection,
    ctx: Computation,
    run: RefreshRun,
    domains: Mapping[int, int],
    states: folding.States,
) -> dict[int, Counted]:
    then = _as_of(connection, ctx, run, states)
    values = {each: ctx.values(domains[each], then[each], run.as_of_us) for each in then}
    return {
        each: Counted(
            ctx.snapshot(domains[each], values[each]) if each in then else None,
            ctx.judged_of(domains[each], values[each])
            if then.get(each) is state
            else ctx.judged_values(domains[each], state, run.as_of_us),
        )
        for each, state in states.items()
    }


def _as_of(
    connection: Connection, ctx: Computation, run: RefreshRun, states: folding.States
) -> folding.States:
    """Give *states* as they were at the instant of *run*; who has only come since is in none."""
    ahead = {each: state for each, state in states.items() if state.last_at_us > run.as_of_us}
    found = {each: ctx.rewound(state, run.as_of_us) for each, state in ahead.items()}
    unknown = [each for each, state in found.items() if state is None]
    past = folding.of_stored(connection, ctx, unknown, until_us=run.as_of_us)
    past |= {each: state for each, state in found.items() if state and state.events}
    return {each: state for each, state in states.items() if each not in ahead} | past


def _held(
    connection: Connection, ctx: Computation, subjects: Sequence[int], ahead: folding.Ahead
) -> folding.States:
    """Hold the states until the memberships they give are written.

    Who folds an event meanwhile settles memberships, too, and ours would undo theirs.  Where there
    was no state to hold, it is the registry's row that keeps a first one from being written.
    """
    never = [subject for subject in subjects if subject not in ahead.read]
    registry.lock_by_id(connection, never, for_update=True)
    return folding.hold_ahead(connection, ctx, subjects, ahead, now_us())


def _write(
    connection: Connection,
    ctx: Computation,
    run: RefreshRun,
    subjects: Collection[Subject],
    counted: Mapping[int, Counted],
) -> Changed:
    rows = {each: found.snapshot for each, found in counted.items() if found.snapshot is not None}
    changed = snapshots.upsert(
        connection, rows, feature_set_id=ctx.feature_set, as_of_us=run.as_of_us
    )
    changed += snapshots.delete(connection, [each.id for each in subjects if each.id not in rows])
    judged = {each: found.judged for each, found in counted.items()}
    moved = lanes.settle(connection, ctx, subjects, judged, now_us=now_us())
    return Changed(changed, moved)
