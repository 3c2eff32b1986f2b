"""Folding dirty events: every shard, slice by slice, until nothing is left."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine

from workers.jobs.attempts import attempted
from workers.jobs.clock import Clock, Over, never
from workers.store import lanes
from workers.store.computation import Computation
from workers.store.transactions import transaction

SLICE = 2_000  # dirty rows a transaction: locks are held for a few tenths of a second


def drain_all(engine: Engine, ctx: Computation, *, clock: Clock, until: Over = never) -> bool:
    """Drain every shard; say whether time was over before the work was."""
    unfinished = False
    for shard in range(lanes.SHARDS):
        unfinished |= drain_shard(engine, ctx, shard, clock=clock, until=until)
    return unfinished


def drain_shard(
    engine: Engine, ctx: Computation, shard: int, *, clock: Clock, until: Over = never
) -> bool:
    """Drain one shard; say whether time was over before the work was.

    Each slice is one transaction, so a kill in the middle of it leaves everything for the next
    drain.  Where another drain holds the shard, it also takes what we came for: after its last
    slice it looks once more (``tests/integration/test_lanes.py``).
    """
    while not until():
        taken = attempted(partial(_slice, engine, ctx, shard, clock))
        if taken is None:
            return False
        if taken == 0 and not _pending(engine, shard):
            return False
    return True


def _pending(engine: Engine, shard: int) -> bool:
    """Look without the shard's lock: who found it taken before this look has told us enough."""
    with transaction(engine) as connection:
        return lanes.pending(connection, shard)


def _slice(engine: Engine, ctx: Computation, shard: int, clock: Clock) -> int | None:
    with transaction(engine) as connection:
        return lanes.drain(connection, ctx, shard, limit=SLICE, now_us=clock())
