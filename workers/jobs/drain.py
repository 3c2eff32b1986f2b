"""Folding dirty events: every shard, portion by portion, until nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from sqlalchemy import Engine

from workers.jobs.attempts import attempted
from workers.jobs.clock import Clock, Over, never
from workers.jobs.portions import Portion
from workers.store import in_force, lanes
from workers.store.computation import Computation
from workers.store.transactions import transaction

SHARDS = range(lanes.SHARDS)


def drain_all(
    engine: Engine,
    ctx: Computation,
    *,
    clock: Clock,
    until: Over = never,
    portion: Portion | None = None,
) -> bool:
    """Drain every shard; say whether time was over before the work was.

    What little waits is folded in one transaction instead of one a shard; with much, the drains of
    several processes share the shards.  Who drains again and again hands in what was learnt about
    the size of a *portion*.
    """
    drain = _Drain(engine, ctx, clock, until, portion or Portion())
    if not until() and drain.little():
        drain.fold(SHARDS)
    unfinished = False
    for shard in drain.pending(SHARDS):
        unfinished |= drain.shard(shard)
    return unfinished


def drain_shard(
    engine: Engine, ctx: Computation, shard: int, *, clock: Clock, until: Over = never
) -> bool:
    """Drain one shard; say whether time was over before the work was."""
    return _Drain(engine, ctx, clock, until, Portion()).shard(shard)


@dataclass(slots=True)
class _Drain:
    """One drain.  Each portion of it is one transaction: a kill leaves everything for the next."""

    engine: Engine
    ctx: Computation
    clock: Clock
    until: Over
    portion: Portion

    def shard(self, shard: int) -> bool:
        """Drain a shard; say whether time was over before the work was.

        Where another drain holds the shard, it also takes what we came for: after its last portion
        it looks once more (``tests/integration/workers/test_lanes.py``).
        """
        while not self.until():
            size = self.portion.size
            taken = self.fold([shard])
            if taken is None:
                return False
            if taken < size and not self.pending([shard]):
                return False
        return True

    def pending(self, shards: Sequence[int]) -> list[int]:
        """Look without locks: who found a shard taken before this look has told us enough."""
        with transaction(self.engine) as connection:
            return lanes.pending(connection, shards)

    def little(self) -> bool:
        """Say whether all that waits is less than a portion."""
        with transaction(self.engine) as connection:
            return lanes.few(connection, self.portion.size)

    def fold(self, shards: Sequence[int]) -> int | None:
        """Fold a portion and learn from it; give how many rows it was, if we were let at any."""
        began = monotonic()
        drained = attempted(partial(self._fold, shards))
        if drained is None:
            return None
        if drained.rows:
            self.portion.learn(monotonic() - began, awaited=drained.awaited)
        return drained.rows

    def _fold(self, shards: Sequence[int]) -> lanes.Drained | None:
        with transaction(self.engine) as connection:
            in_force.hold(connection, self.ctx.rulebook)
            return lanes.drain(
                connection, self.ctx, shards, limit=self.portion.size, now_us=self.clock()
            )
