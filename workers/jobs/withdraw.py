"""Carrying out withdrawals and objections: what has no other basis goes (Article 17(1)(b), (c)).

The no itself took effect when it was answered; this removes what was stored under the yes before
it.  An event that serves further purposes loses the one, and stays for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, Engine

from workers.jobs.attempts import attempted
from workers.jobs.clock import Clock, Over, never
from workers.store import in_force, lanes, quarantine, registry, taking, withdrawals
from workers.store.audit_log import AuditLog
from workers.store.computation import Computation
from workers.store.registry import RegistryRow
from workers.store.taking import LIMIT, Asked
from workers.store.transactions import transaction
from workers.store.withdrawals import Withdrawal

FOREVER_US = 8_000_000_000_000_000  # in the year 2223: everything was before
AT_ONCE = 100  # withdrawals a transaction; their subjects' histories are folded anew in it


def erase_withdrawn(engine: Engine, ctx: Computation, *, clock: Clock, until: Over = never) -> bool:
    """Carry out what was asked for; say whether time was over before the work was."""
    while not until():
        if not attempted(partial(_portion, engine, ctx, clock)):
            return False
    return True


def _portion(engine: Engine, ctx: Computation, clock: Clock) -> int:
    """Carry out some in one transaction; give how many were looked at."""
    with transaction(engine) as connection:
        in_force.hold(connection, ctx.rulebook)
        found = withdrawals.pending(connection, AT_ONCE)
        subjects = sorted({each.subject for each in found})
        # Alone with them: a drain that has read an event which goes here would fold it back in.
        rows = registry.lock_by_id(connection, subjects, for_update=True)
        alive = {key: row for key, row in rows.items() if row.state == registry.ALIVE}
        held = withdrawals.hold(connection, [each.id for each in found if each.subject in alive])
        if held:
            _carry_out(connection, ctx, held, alive, clock())
        return len(held)


def _carry_out(
    connection: Connection,
    ctx: Computation,
    held: Sequence[Withdrawal],
    alive: Mapping[int, RegistryRow],
    now_us: int,
) -> None:
    asked = [_asked(each, alive[each.subject]) for each in held]
    taken = taking.take(connection, asked, LIMIT)
    # It went with the no itself, unless a restriction kept it until now.
    quarantine.withdraw(connection, [(each.id, each.before_us) for each in asked])
    withdrawals.count(connection, taken)
    shrunk = sorted({each.subject for each in taken if each.deleted})
    lanes.shrunk(connection, ctx, [alive[subject] for subject in shrunk], now_us)
    # With less than the limit found, nothing is left; with more, the next portion goes on.
    finished = [] if taking.full(taken, LIMIT) else [each.id for each in held]
    withdrawals.finish(connection, finished, now_us)
    AuditLog(connection).append(
        "event:withdrawn",
        None,
        {
            "deleted": sum(each.deleted for each in taken),
            "narrowed": sum(each.narrowed for each in taken),
            "finished": len(finished),
            "rulebook": ctx.rules.hash,
        },
    )


def _asked(no: Withdrawal, row: RegistryRow) -> Asked:
    before_us = allowed_since_us(row.consent, no.purpose)
    return Asked(no.id, no.subject, 1 << (no.purpose - 1), before_us)


def allowed_since_us(consent: Sequence[int], purpose: int) -> int:
    """Say from when on events may be kept for *purpose*: since it was allowed anew, or never.

    *consent* is the registry's fold, triplets of purpose, since and until.
    """
    for number, since_us, until_us in _threes(consent):
        if number == purpose and since_us < until_us:
            return since_us
    return FOREVER_US


def _threes(flat: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    return zip(flat[0::3], flat[1::3], flat[2::3], strict=True)
