"""Folding dirty events: every shard, portion by portion, until nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Engine

from workers.jobs.attempts import attempted
from workers.jobs.clock import Clock, Over, never
from workers.jobs.portions import LEAST, Portion
from workers.store import lanes
from workers.store.computation import Computation
from workers.store.transactions import transaction

SHARDS = range(lanes.SHARDS)


def drain_all(engine: Engine, ctx: Computation, *, clock: Clock, until: Over = never) -> bool:
    """Drain every shard; say whether time was over before the work was.

    What little waits is folded in one transaction instead of one a shard; with much, the drains of
    several processes share the shards.
    """
    if not until() and _few(engine):
        attempted(partial(_portion, engine, ctx, SHARDS, clock, LEAST))
    unfinished = False
    for shard in _pending(engine, SHARDS):
        unfinished |= drain_shard(engine, ctx, shard, clock=clock, until=until)
    return unfinished


def drain_shard(
    engine: Engine, ctx: Computation, shard: int, *, clock: Clock, until: Over = never
) -> bool:
    """Drain one shard; say whether time was over before the work was.

    Each portion is one transaction, so a kill in the middle of it leaves everything for the next
    drain.  Where another drain holds the shard, it also takes what we came for: after its last
    portion it looks once more (``tests/integration/test_lanes.py``).
    """
    portion = Portion()
    while not until():
        with portion.timed() as size:
            taken = attempted(partial(_portion, engine, ctx, [shard], clock, size))
        if taken is None:
            return False
        if taken < size and not _pending(engine, [shard]):
            return False
    return True


def _pending(engine: Engine, shards: Sequence[int]) -> list[int]:
    """Look without the locks of shards: who found one taken before this look has told us enough."""
    with transaction(engine) as connection:
        return lanes.pending(connection, shards)


def _few(engine: Engine) -> bool:
    with transaction(engine) as connection:
        return lanes.few(connection, LEAST)


def _portion(
    engine: Engine, ctx: Computation, shards: Sequence[int], clock: Clock, size: int
) -> int | None:
    with transaction(engine) as connection:
        return lanes.drain(connection, ctx, shards, limit=size, now_us=clock())
