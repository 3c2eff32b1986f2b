"""Changes of the rulebook: proposed by one person, and decided by another where they loosen."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Row, Select, insert, select, update

from policies.ruleset import RuleSet
from workers.store.tables.reference import rulebook
from workers.store.tables.rulebooks import rulebook_change

ADOPTED: Final = "adopted"
REFUSED: Final = "refused"

_NEW = rulebook.alias("new")
_OLD = rulebook.alias("old")


class RulebookChange(NamedTuple):
    """One change, with the hashes of both rulebooks.

    ``outcome`` is ``adopted``, ``refused``, or nothing yet.  ``replaces`` is of the first nobody's.
    """

    id: int
    proposed_at: datetime
    proposed_by: uuid.UUID | None
    decided_at: datetime | None
    decided_by: uuid.UUID | None
    rulebook: str
    replaces: str | None
    loosens: bool
    outcome: str | None


class Proposal(NamedTuple):
    """What is proposed, and by whom; the numbers are the store's."""

    rules: RuleSet
    rulebook: int
    replaces: int | None
    loosens: bool
    by: uuid.UUID | None


def propose(connection: Connection, proposal: Proposal, now: datetime) -> int:
    """Keep a proposal; give its number."""
    values = {
        "proposed_at": now,
        "proposed_by": proposal.by,
        "rulebook": proposal.rulebook,
        "replaces": proposal.replaces,
        "loosens": proposal.loosens,
        "content": proposal.rules.content,
    }
    made = insert(rulebook_change).values(values).returning(rulebook_change.c.id)
    return int(connection.execute(made).scalar_one())


def decide(
    connection: Connection, change: int, outcome: str, *, by: uuid.UUID | None, now: datetime
) -> None:
    """Write down what became of a change; it is decided once."""
    values = {"outcome": outcome, "decided_by": by, "decided_at": now}
    known = rulebook_change.c
    statement = update(rulebook_change).where(known.id == change, known.outcome.is_(None))
    if connection.execute(statement.values(values)).rowcount != 1:
        raise ValueError("the change was decided before; the caller had to look")


def one(connection: Connection, change: int, *, lock: bool = False) -> RulebookChange | None:
    """Give one change; with *lock*, nobody else decides it before we commit."""
    wanted = _wanted().where(rulebook_change.c.id == change)
    if lock:
        wanted = wanted.with_for_update(of=rulebook_change)
    found = connection.execute(wanted).one_or_none()
    return None if found is None else _read(found)


def newest(connection: Connection, limit: int) -> Sequence[RulebookChange]:
    """Give the newest changes."""
    wanted = _wanted().order_by(rulebook_change.c.id.desc()).limit(limit)
    return [_read(row) for row in connection.execute(wanted)]


def undecided(connection: Connection, after: int) -> Sequence[tuple[int, str]]:
    """Give the number and the hash of those changes above *after* that nobody has decided."""
    known = rulebook_change.c
    wanted = (
        select(known.id, _NEW.c.hash)
        .join(_NEW, _NEW.c.id == known.rulebook)
        .where(known.id > after, known.outcome.is_(None))
        .order_by(known.id)
    )
    return [(row.id, row.hash) for row in connection.execute(wanted)]


def content(connection: Connection, hash_: str) -> str:
    """Give what a rulebook says that was ever proposed."""
    return contents(connection, [hash_])[hash_]


def contents(connection: Connection, hashes: Collection[str]) -> dict[str, str]:
    """Give what these rulebooks say, by hash, of those that were ever proposed."""
    wanted = (
        select(_NEW.c.hash, rulebook_change.c.content)
        .join(_NEW, _NEW.c.id == rulebook_change.c.rulebook)
        .where(_NEW.c.hash.in_(hashes))
    )
    return {row.hash: row.content for row in connection.execute(wanted)}


def _wanted() -> Select[tuple[object, ...]]:
    known = rulebook_change.c
    return (
        select(
            known.id, known.proposed_at, known.proposed_by, known.decided_at, known.decided_by,
            _NEW.c.hash, _OLD.c.hash, known.loosens, known.outcome,
        )
        .join(_NEW, _NEW.c.id == known.rulebook)
        .outerjoin(_OLD, _OLD.c.id == known.replaces)
    )  # fmt: skip


def _read(row: Row[tuple[object, ...]]) -> RulebookChange:
    return RulebookChange._make(row)
