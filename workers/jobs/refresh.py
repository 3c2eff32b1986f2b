"""Bringing memberships, feature snapshots and segment sizes up to an instant.

A run goes through its subjects in the order of their numbers, a transaction per slice, and notes
after each how far it came; a run that was interrupted goes on there.  Two processes at the same
run take turns, so a second beat doubles no work.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from workers.jobs import slices
from workers.jobs.attempts import attempted
from workers.jobs.clock import Over, as_instant, as_us, never, now_us
from workers.jobs.crowding import Crowding
from workers.store import in_force, refreshing, sizes
from workers.store.computation import Computation
from workers.store.refreshing import RefreshRun
from workers.store.transactions import awaited, transaction

# Subjects a transaction: who sends an event of one of them waits for its end.  The first is small,
# since nobody knows yet how long their histories are.
FIRST_SLICE, LEAST_SLICE, MOST_SLICE = 5, 2, 500
SLICE_S = 0.02
# After a slice that somebody waited for the next are a quarter, and grow by a tenth each.
SHRINKING, BESIDE = 4, 1.1
REST_S = 0.1  # at most, after a slice in which others wanted the core, too: half of it is left them

Progress = Callable[[int, int], None]
"""Told after every slice how many subjects are done, of how many in this call."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: subjects looked at, snapshot rows and memberships that changed."""

    as_of: datetime
    full: bool
    subjects: int
    snapshots: int
    memberships: int
    finished: bool


def refresh(  # noqa: PLR0913  two of the six only say when to report and when to pause
    engine: Engine,
    ctx: Computation,
    *,
    as_of: datetime | None = None,
    full: bool = False,
    progress: Progress | None = None,
    until: Over = never,
) -> Refreshed:
    """Bring every subject that may have changed up to *as_of*; with *full*, every subject.

    A full run folds every history anew.  Consent is judged at the present whatever *as_of*
    is: a subject is in no segment today for a consent they had then.

    Args:
        engine: the store.
        ctx: the rulebook; where it is another one than at the run before, everybody is looked at,
            and whose state was counted by other rules is counted anew.
        as_of: aware; ``None`` means now, or the instant of a run that was interrupted.
        full: look at everybody, and recompute states from the events.
        progress: called after each slice.
        until: asked between slices; once true, the run is left for the next call to resume.
    """
    run, before = attempted(partial(_open, engine, ctx, as_of, full=full))
    with transaction(engine) as connection:
        subjects = _due(connection, ctx, run, before)
    done = snapshots_changed = memberships_changed = 0
    size, growth, crowding = FIRST_SLICE, 2.0, Crowding()
    while done < len(subjects):
        if until():
            break
        piece = subjects[done : done + size]
        began = time.monotonic()
        changed = attempted(partial(_slice, engine, ctx, run, piece))
        took = time.monotonic() - began
        growth = BESIDE if changed.awaited else growth
        size = _next_size(len(piece), took, growth, awaited=changed.awaited)
        snapshots_changed += changed.rows.snapshots
        memberships_changed += changed.rows.memberships
        done += len(piece)
        if progress:
            progress(done, len(subjects))
        if crowding.noticed() and done < len(subjects):
            time.sleep(min(took, REST_S))  # whoever is served comes before the statistics
            crowding.anew()
    finished = done == len(subjects)
    if finished:
        attempted(partial(_close, engine, ctx, run))
    return Refreshed(
        as_instant(run.as_of_us), run.full, done, snapshots_changed, memberships_changed, finished
    )


def _next_size(size: int, took_s: float, growth: float, *, awaited: bool) -> int:
    """Give how many subjects take ``SLICE_S``, at most *growth* times as many as last time."""
    if awaited:
        return max(LEAST_SLICE, size // SHRINKING)
    fitting = size * min(growth, SLICE_S / max(took_s, 1e-6))
    return min(MOST_SLICE, max(LEAST_SLICE, math.ceil(fitting)))


class Slice(NamedTuple):
    """What a slice changed, and whether somebody waited for its end."""

    rows: slices.Changed = slices.Changed()
    awaited: bool = False


def _open(
    engine: Engine, ctx: Computation, as_of: datetime | None, *, full: bool
) -> tuple[RefreshRun, RefreshRun | None]:
    """Resume the latest run if it is ours and unfinished, or begin one."""
    now = now_us()
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        latest, before = refreshing.latest(connection), refreshing.latest_finished(connection)
        as_of_us = None if as_of is None else as_us(as_of)
        if latest and _resumable(latest, ctx, as_of_us, full=full):
            return latest, before
        as_of_us = now if as_of_us is None else as_of_us
        run = refreshing.begin(
            connection,
            as_of_us=as_of_us,
            full=full or before is None,
            now_us=now,
            rulebook=ctx.rulebook,
        )
        return run, before


def _resumable(run: RefreshRun, ctx: Computation, as_of_us: int | None, *, full: bool) -> bool:
    return (
        run.finished_at_us is None
        and run.rulebook == ctx.rulebook
        and as_of_us in {None, run.as_of_us}
        and (run.full or not full)
    )


def _incomparable(connection: Connection, run: RefreshRun, before: RefreshRun) -> bool:
    """Say whether nothing can be told from the run before: other rules, or time going back.

    Other rules count that only began to be applied since, too: such a run has left its rows.
    """
    by = refreshing.rulebooks_since(connection, before)
    return by != {run.rulebook} or run.as_of_us < before.as_of_us


def _due(
    connection: Connection, ctx: Computation, run: RefreshRun, before: RefreshRun | None
) -> list[int]:
    if run.full or before is None or _incomparable(connection, run, before):
        return refreshing.everybody(connection, after=run.last_subject)
    return refreshing.due(connection, run, before, ctx, now_us=now_us())


def _slice(engine: Engine, ctx: Computation, run: RefreshRun, subjects: Sequence[int]) -> Slice:
    """Refresh some subjects in one transaction; give what it changed."""
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        here = refreshing.lock(connection, run.id)
        todo = [subject for subject in subjects if subject > here.last_subject]
        if not todo:
            return Slice()
        changed = slices.settle(connection, ctx, run, todo)
        refreshing.advance(connection, run.id, last_subject=todo[-1], subjects=len(todo))
        return Slice(changed, awaited(connection))


def _close(engine: Engine, ctx: Computation, run: RefreshRun) -> None:
    """Count the segments on what the run left, and close it."""
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        if refreshing.lock(connection, run.id).finished_at_us is None:
            sizes.forget_others(connection, ctx.segments.values())
            sizes.count(
                connection,
                ctx.sized_segments(),
                without_consent=ctx.without_consent,
                now_us=now_us(),
            )
            refreshing.finish(connection, run.id, now_us=now_us())
