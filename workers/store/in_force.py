"""Which rulebook is in force, and how does another come into force for all processes at once?

Whoever writes by a rulebook shares a lock until its transaction ends, and looks behind it which
one is in force.  Putting another in force takes the lock alone: it waits for those who write by the
old one, and whoever comes after sees the new.  So no commit by the old rules follows the change.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from policies.errors import RulebookInvalid
from policies.load import rulebook_of
from policies.ruleset import RuleSet
from workers.store.errors import RulebookReplaced
from workers.store.tables.reference import rulebook
from workers.store.tables.rulebooks import in_force, rulebook_change
from workers.store.transactions import rows_of, run

# Those that come meanwhile wait behind us.  The first is as long as a commit group of two takes,
# the last longer than one of a bulk lane, so that a load without gaps holds nobody off for ever.
FIRST_PATIENCE_MS, PATIENCE_MS = 25, 250
GROWING = 1.25
GLANCES = 40
GLANCE_S = 0.005

_HELD = "select store.rulebook_held()"  # shares the lock, then reads
_ALONE = "select pg_advisory_xact_lock(1920298085)"
_GAP = "select pg_try_advisory_xact_lock(1920298085)"
_NUMBER = "select rulebook from store.in_force"


class Standing(NamedTuple):
    """The rulebook in force: number and hash, since when, and the change that put it there."""

    rulebook: int
    hash: str
    since: datetime
    change: int


def hold(connection: Connection, rulebook_: int) -> None:
    """See that *rulebook_* is in force, and keep it so until this transaction ends.

    Where no rulebook was ever put in force, as in a store that no gateway has opened, any is.

    Raises:
        RulebookReplaced: another one is.  Nothing may be written by this one any more.
    """
    ((found,),) = rows_of(connection, _HELD, ())
    if found not in {None, rulebook_}:
        raise RulebookReplaced


def share(connection: Connection) -> None:
    """Keep in force what is, until this transaction ends, whichever it is."""
    rows_of(connection, _HELD, ())


def check(connection: Connection, rulebook_: int) -> None:
    """See that *rulebook_* is in force now, for whoever only reads.

    Raises:
        RulebookReplaced: another one is.
    """
    if number(connection) not in {None, rulebook_}:
        raise RulebookReplaced


def number(connection: Connection) -> int | None:
    """Give the number of the rulebook in force; ``None`` if there never was one."""
    found = rows_of(connection, _NUMBER, ())
    return int(found[0][0]) if found else None


def standing(connection: Connection) -> Standing | None:
    """Give what is in force, since when and by which change."""
    wanted = select(in_force.c.rulebook, rulebook.c.hash, in_force.c.since, in_force.c.change).join(
        rulebook, rulebook.c.id == in_force.c.rulebook
    )
    found = connection.execute(wanted).one_or_none()
    return None if found is None else Standing(*found)


def rules(connection: Connection) -> RuleSet | None:
    """Give the rulebook in force itself.

    Raises:
        RulebookInvalid: it cannot be obeyed by this version of the product, or was tampered with.
    """
    wanted = (
        select(rulebook_change.c.content, rulebook.c.hash)
        .join(in_force, in_force.c.change == rulebook_change.c.id)
        .join(rulebook, rulebook.c.id == in_force.c.rulebook)
    )
    found = connection.execute(wanted).one_or_none()
    return None if found is None else read(found.content, found.hash)


def read(content: str, hash_: str) -> RuleSet:
    """Give the rulebook that says *content*, if its hash is the one it is known by.

    Raises:
        RulebookInvalid: it is not, or this version of the product cannot obey it.
    """
    if hashlib.sha256(content.encode()).hexdigest() != hash_:
        raise RulebookInvalid(
            "the content kept is not what its hash names",
            file="(store)",
            line=0,
            key="",
            advice="Propose the rulebook again from its folder, and find out who changed the row.",
        )
    return rulebook_of(content)


def alone(connection: Connection, attempt: int = 0) -> None:
    """Wait until nobody writes by a rulebook, and keep everybody from it until we commit.

    A gap between two writers is looked for first, since a place in the queue is one that all who
    come later wait behind.  Under a load without gaps the queue is what is left, for the longer
    the more *attempt* was tried before.

    Raises:
        StoreBusy: that took longer than anybody should be kept waiting; try again.
    """
    for _ in range(GLANCES):
        ((gap,),) = rows_of(connection, _GAP, ())
        if gap:
            return
        time.sleep(GLANCE_S)
    patience = min(PATIENCE_MS, round(FIRST_PATIENCE_MS * GROWING**attempt))
    connection.exec_driver_sql(f"set local lock_timeout = {patience}")
    run(connection, _ALONE, ())


def put(connection: Connection, rulebook_: int, *, change: int, now: datetime) -> None:
    """Put a rulebook in force; the caller is ``alone``."""
    values = {"since": now, "change": change, "rulebook": rulebook_}
    if not connection.execute(update(in_force).values(values)).rowcount:
        connection.execute(insert(in_force).values(values))
