"""Taking expired purposes from events, deleting what is left with none, and whom it was about."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine

from workers.jobs.attempts import attempted
from workers.jobs.clock import Clock, Over, as_instant, never
from workers.store import batches, expiry, in_force, lanes, quarantine, registry, taking
from workers.store.audit_log import AuditLog
from workers.store.computation import Computation
from workers.store.expiry import BATCH, CONSENT, EVENT, QUARANTINE, Period
from workers.store.taking import LIMIT, Asked
from workers.store.transactions import transaction

SUBJECTS = 200  # whose histories a transaction folds anew


def expire_events(engine: Engine, ctx: Computation, *, clock: Clock, until: Over = never) -> bool:
    """Expire what is due, in small transactions; say whether time was over before the work was.

    Restricted subjects are left alone: they may need their data for a claim (Art. 18(1)).
    """
    return not all(
        _gone_over(engine, ctx, clock, until, (kept, period))
        for kept, period in expiry.due(ctx, clock())
    )


def _gone_over(
    engine: Engine, ctx: Computation, clock: Clock, until: Over, what: tuple[str, Period]
) -> bool:
    """Go over one table for one period; say whether nothing is left."""
    kept, period = what
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        number = expiry.begin(connection, kept, period, ctx.rulebook, clock())
    some = {
        EVENT: partial(_events, engine, ctx, clock),
        CONSENT: partial(_people, engine, ctx),
        QUARANTINE: partial(_quarantined, engine, ctx),
        BATCH: partial(_batches, engine, ctx),
    }[kept]
    while not until():
        if not attempted(partial(some, number, period)):
            with transaction(engine) as connection:
                expiry.finish(connection, number, clock())
            return True
    return False


def _batches(engine: Engine, ctx: Computation, number: int, period: Period) -> bool:
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        gone = batches.expire(connection, before_us=period.before_us, limit=LIMIT)
        expiry.count(connection, number, deleted=gone)
        return gone > 0


def _quarantined(engine: Engine, ctx: Computation, number: int, period: Period) -> bool:
    """Delete suspect events whose time is over, unseen; say whether any was."""
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        gone = quarantine.forget(connection, period.before_us, limit=LIMIT)
        expiry.count(connection, number, deleted=gone)
        if gone:
            AuditLog(connection).append(
                "event:quarantine-expired", None, {"count": gone, "rulebook": ctx.rules.hash}
            )
        return gone > 0


def _people(engine: Engine, ctx: Computation, number: int, period: Period) -> bool:
    """Forget some people of whom nothing is left but what they said; say whether anybody was."""
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        people, records = expiry.forget_lapsed(connection, period, limit=SUBJECTS)
        expiry.count(connection, number, deleted=records)
        if people:
            AuditLog(connection).append(
                "event:consents-lapsed",
                None,
                {
                    "people": people,
                    "records": records,
                    "before": as_instant(period.before_us).isoformat(),
                    "rulebook": ctx.rules.hash,
                },
            )
        return people > 0


def _events(engine: Engine, ctx: Computation, clock: Clock, number: int, period: Period) -> bool:
    """Go over some people's events in one transaction; say whether anything was due."""
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        found = expiry.holders(connection, period, limit=SUBJECTS)
        # Alone with them: a drain that has read an event which goes here would fold it back in.
        rows = registry.lock_by_id(connection, found, for_update=True)
        alive = {row.id: row for row in rows.values() if row.state == registry.ALIVE}
        if not alive:
            return False
        asked = [Asked(number, each, period.purposes, period.before_us + 1) for each in alive]
        taken = taking.take(connection, asked, LIMIT)
        shrunk = [alive[each.subject] for each in taken if each.deleted]
        lanes.shrunk(connection, ctx, shrunk, clock())
        deleted, narrowed = (
            sum(each.deleted for each in taken), sum(each.narrowed for each in taken)
        )  # fmt: skip
        expiry.count(connection, number, deleted=deleted, narrowed=narrowed)
        if taken:
            AuditLog(connection).append(
                "event:expired",
                None,
                {
                    "count": deleted,
                    "narrowed": narrowed,
                    "before": as_instant(period.before_us).isoformat(),
                    "rulebook": ctx.rules.hash,
                },
            )
        return bool(taken)
