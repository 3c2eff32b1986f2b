"""Putting a rulebook in force: whole, for all processes at one instant, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine

from gateway.contention import between_writers, uncrossed
from gateway.rights.operators import Operator
from gateway.rulebooks.errors import ChangeDecided, ChangeOutdated, ChangeUnknown, RulebookBusy
from policies.ruleset import RuleSet
from workers.store import in_force, notices, outbox, rulebook_changes
from workers.store.audit_log import AuditLog
from workers.store.computation import Computation
from workers.store.errors import StoreBusy
from workers.store.rulebook_changes import ADOPTED, Proposal, RulebookChange
from workers.store.transactions import transaction

ADOPTED_ENTRY: Final = "rulebook:adopted"
BY_START: Final = "start"  # nobody proposed the first: it was there when the first process started
REFRESH_TOPIC: Final = "refresh-memberships"
PATIENT: Final = 100  # as somebody who has tried that often

Clock = Callable[[], datetime]


def begin(store: Engine, rules: RuleSet, clock: Clock) -> bool:
    """Put the first rulebook of an installation in force; say whether there was none before.

    Processes that start together wait for each other.
    """
    return uncrossed(lambda: _begun(store, rules, clock))


def _begun(store: Engine, rules: RuleSet, clock: Clock) -> bool:
    with transaction(store) as connection:
        if in_force.number(connection) is not None:
            return False
        ctx = prepare(connection, rules, clock())
        in_force.alone(connection, PATIENT)  # nobody writes before there is one, so nobody waits
        if in_force.number(connection) is not None:  # another process was faster
            return False
        change = rulebook_changes.propose(
            connection, Proposal(rules, ctx.rulebook, None, loosens=False, by=None), clock()
        )
        made = _known(connection, change)
        rulebook_changes.decide(connection, change, ADOPTED, by=None, now=clock())
        _put(connection, made, ctx, by=BY_START, now=clock())
        return True


def adopt(store: Engine, change: int, approver: Operator | None, clock: Clock) -> RulebookChange:
    """Put a proposed rulebook in force and give its change.

    Raises:
        ChangeUnknown, ChangeDecided, ChangeOutdated: there is nothing to adopt.
        SegmentRedefined, NoticeRewritten: it contradicts what is on record; nothing was changed.
        RulebookBusy: somebody writes for so long that it could not be put in force.
    """

    def work(connection: Connection, attempt: int) -> RulebookChange:
        return _adopted(connection, change, approver, clock(), attempt)

    try:
        return between_writers(store, work)
    except StoreBusy:
        raise RulebookBusy(
            "somebody writes by the rulebook in force without a pause; one was needed"
        ) from None


def _adopted(
    connection: Connection, number: int, approver: Operator | None, now: datetime, attempt: int
) -> RulebookChange:
    change = undecided(connection, number)
    rules = in_force.read(rulebook_changes.content(connection, change.rulebook), change.rulebook)
    # What takes long comes first: while we are alone, everybody waits.
    ctx = prepare(connection, rules, now)
    in_force.alone(connection, attempt)
    current = in_force.standing(connection)
    if current is None or current.hash != change.replaces:
        raise ChangeOutdated("the rulebook in force is another than when this was proposed")
    by = None if approver is None else approver.id
    rulebook_changes.decide(connection, number, ADOPTED, by=by, now=now)
    _put(connection, change, ctx, by="nobody" if by is None else str(by), now=now)
    return _known(connection, number)


def tried(connection: Connection, rules: RuleSet, now: datetime) -> None:
    """Find out whether *rules* could be put in force, and leave nothing behind.

    Raises:
        SegmentRedefined, NoticeRewritten: as ``prepare`` does.
    """
    attempt = connection.begin_nested()
    try:
        prepare(connection, rules, now)
    finally:
        attempt.rollback()


def prepare(connection: Connection, rules: RuleSet, now: datetime) -> Computation:
    """Give numbers to the words of *rules* and register its notices; what is wrong is raised.

    Raises:
        SegmentRedefined: a segment has another definition than this version of it had.
        NoticeRewritten: a notice has other words than it had.
    """
    ctx = Computation.build(connection, rules)
    notices.register(connection, rules, rulebook=ctx.rulebook, purposes=ctx.purposes, now=now)
    return ctx


def undecided(connection: Connection, number: int) -> RulebookChange:
    """Give a change that nobody has decided, and let nobody else decide it.

    Raises:
        ChangeUnknown: there is none of this number.
        ChangeDecided: somebody has.
    """
    change = rulebook_changes.one(connection, number, lock=True)
    if change is None:
        raise ChangeUnknown("no change has this number; the number of a proposed one was needed")
    if change.outcome is not None:
        raise ChangeDecided(f"the change is {change.outcome}; an undecided one was needed")
    return change


def _put(
    connection: Connection, change: RulebookChange, ctx: Computation, *, by: str, now: datetime
) -> None:
    AuditLog(connection).append(
        ADOPTED_ENTRY,
        None,
        {
            "by": by,
            "change": change.id,
            "loosens": change.loosens,
            "replaces": change.replaces or "",
            "rulebook": change.rulebook,
        },
    )
    in_force.put(connection, ctx.rulebook, change=change.id, now=now)
    # Everybody is looked at anew by the workers, once this is committed.
    outbox.put(connection, REFRESH_TOPIC, change.id)


def _known(connection: Connection, number: int) -> RulebookChange:
    change = rulebook_changes.one(connection, number)
    if change is None:  # we hold its row
        raise ChangeUnknown("the change is gone; one that was proposed was needed")
    return change
