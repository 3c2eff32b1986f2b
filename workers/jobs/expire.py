"""Deleting events that are past the longest retention of their purposes."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from sqlalchemy import Engine

from policies.retention import horizon_us
from workers.jobs.attempts import attempted
from workers.jobs.clock import Clock, Over, as_instant, never
from workers.store import batches, expiry, lanes, registry
from workers.store.audit_log import AuditLog
from workers.store.computation import Computation
from workers.store.transactions import transaction

BATCH = 5_000  # events a transaction: about 50 ms of deletion
SUBJECTS = 200  # whose histories the same transaction folds anew


def expire_events(engine: Engine, ctx: Computation, *, clock: Clock, until: Over = never) -> bool:
    """Delete what is expired, batch by batch; say whether time was over before the work was.

    Restricted subjects are left alone: they may need their data for a claim (Art. 18(1)).
    """
    for mask, before_us in horizons(ctx, clock()):
        while not until():
            if attempted(partial(_batch, engine, ctx, clock, (mask, before_us))) == 0:
                break
        else:
            return True
    # A batch says when and from whom its events came, so it stays as long as any of them may.
    oldest_us = min(before_us for _, before_us in horizons(ctx, clock()))
    while not until():
        if attempted(partial(_batches, engine, oldest_us)) < BATCH:
            return False
    return True


def _batches(engine: Engine, before_us: int) -> int:
    with transaction(engine) as connection:
        return batches.expire(connection, before_us=before_us, limit=BATCH)


def horizons(ctx: Computation, now_us: int) -> list[tuple[int, int]]:
    """Give, per retention period, which purposes an event must lack and how old it must be.

    An event of several purposes goes with the longest of their periods: at the horizon of a
    period go the events without any purpose of a longer one.  Events whose purposes the rulebook
    no longer declares go at the shortest.
    """
    rules = sorted(ctx.rules.purposes.values(), key=lambda rule: rule.retention, reverse=True)
    longer = 0
    found: list[tuple[int, int]] = []
    for retention, group in groupby(rules, key=lambda rule: rule.retention):
        found.append((longer, horizon_us(now_us, retention)))
        for rule in group:
            longer |= 1 << (ctx.purposes[rule.key] - 1)
    return found


def _batch(engine: Engine, ctx: Computation, clock: Clock, horizon: tuple[int, int]) -> int:
    """Delete one batch in one transaction; give how many events went."""
    lacking, before_us = horizon
    with transaction(engine) as connection:
        found = expiry.holders(connection, lacking, before_us=before_us, limit=SUBJECTS)
        # Alone with them: a drain that has read an event which goes here would fold it back in.
        rows = registry.lock_by_id(connection, found, for_update=True)
        alive = [row for row in rows.values() if row.state == registry.ALIVE]
        ids = [row.id for row in alive]
        gone = expiry.delete(connection, ids, lacking, before_us=before_us, limit=BATCH)
        if gone:
            lanes.shrunk(connection, ctx, alive, clock())
            AuditLog(connection).append(
                "event:expired",
                None,
                {
                    "count": gone,
                    "before": as_instant(before_us).isoformat(),
                    "rulebook": ctx.rules.hash,
                },
            )
        return gone
