"""Which statements run on ``rights.reidentification``?

Every one takes a connection of the role ``paravent_gateway`` first and never commits.  A row leads
to the person by the vault's own number and holds no pseudonym: whoever has both databases and no
key cannot join them by it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

SOUGHT: Final = "sought"  # asked for, and the vault is still gone through
ASKED: Final = "asked"
APPROVED: Final = "approved"
REFUSED: Final = "refused"
OPENED: Final = "opened"
EXPIRED: Final = "expired"

_QUOTA: Final = 0x7265_6964_656E  # "reiden": an advisory lock of the vault database


@dataclass(frozen=True, slots=True, kw_only=True)
class ReidentificationRow:
    """A re-identification as stored.

    Attributes:
        subject: the vault's number; ``None`` where nobody alive has the pseudonym.
        asked_name: what the operator who asked is called, who may have more than one token.
    """

    id: uuid.UUID
    subject: int | None
    domain: str
    purpose: str
    ticket: str
    state: str
    asked_by: uuid.UUID
    asked_role: str
    asked_at: datetime
    ends_at: datetime
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = None
    opened_at: datetime | None = None
    asked_name: str | None = None

    @property
    def about(self) -> list[int]:
        """Give whom it is about: one subject, or none."""
        return [] if self.subject is None else [self.subject]

    def __repr__(self) -> str:
        return f"ReidentificationRow({self.id}, {self.state})"


_READ: Final = (
    "SELECT r.id, r.subject, r.domain, r.purpose, r.ticket, r.state, r.asked_by, r.asked_role,"
    " r.asked_at, r.ends_at, r.decided_by, r.decided_at, r.opened_at, o.name AS asked_name"
    " FROM rights.reidentification AS r LEFT JOIN rights.operator AS o ON o.id = r.asked_by"
)

_ASKED_COLUMNS: Final = (
    "id", "subject", "domain", "purpose", "ticket", "state", "asked_by", "asked_role", "asked_at",
    "ends_at",
)  # fmt: skip


def asked_since(rights: Connection, operator: uuid.UUID, since: datetime) -> tuple[int, int]:
    """Count what *operator* and what all asked since; nobody else counts until the commit.

    Tokens of the same name are one person's, as for who may approve.
    """
    rights.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _QUOTA})
    found = rights.execute(
        text(
            "SELECT count(*) FILTER (WHERE o.name = (SELECT name FROM rights.operator"
            " WHERE id = :operator)), count(*) FROM rights.reidentification AS r"
            " JOIN rights.operator AS o ON o.id = r.asked_by WHERE r.asked_at > :since"
        ),
        {"operator": operator, "since": since},
    ).one()
    return int(found[0]), int(found[1])


def insert(rights: Connection, row: ReidentificationRow) -> None:
    """Register a re-identification."""
    rights.execute(
        text(
            "INSERT INTO rights.reidentification"
            " (id, subject, domain, purpose, ticket, state, asked_by, asked_role, asked_at,"
            " ends_at) VALUES (:id, :subject, :domain, :purpose, :ticket, :state, :asked_by,"
            " :asked_role, :asked_at, :ends_at)"
        ),
        {name: getattr(row, name) for name in _ASKED_COLUMNS},
    )


def one(rights: Connection, number: uuid.UUID, *, lock: bool = False) -> ReidentificationRow | None:
    """Give one; with *lock* nobody else decides or opens it before this transaction ends."""
    found = rights.execute(
        text(f"{_READ} WHERE r.id = :id{' FOR UPDATE OF r' * lock}"), {"id": number}
    ).one_or_none()
    return None if found is None else ReidentificationRow(**found._asdict())


def newest(rights: Connection, limit: int) -> list[ReidentificationRow]:
    """Give the newest first."""
    found = rights.execute(
        text(f"{_READ} ORDER BY r.asked_at DESC, r.id LIMIT :limit"), {"limit": limit}
    )
    return [ReidentificationRow(**row) for row in found.mappings()]


def found(rights: Connection, number: uuid.UUID, subject: int | None) -> None:
    """Record that the vault was gone through, and whom that led to."""
    rights.execute(
        text(
            "UPDATE rights.reidentification SET subject = :subject, state = :asked"
            " WHERE id = :id AND state = :sought"
        ),
        {"id": number, "subject": subject, "asked": ASKED, "sought": SOUGHT},
    )


def decide(
    rights: Connection, number: uuid.UUID, state: str, *, by: uuid.UUID, at: datetime
) -> None:
    """Record that it was approved or refused."""
    rights.execute(
        text(
            "UPDATE rights.reidentification SET state = :state, decided_by = :by,"
            " decided_at = :at WHERE id = :id"
        ),
        {"id": number, "state": state, "by": by, "at": at},
    )


def open_once(rights: Connection, number: uuid.UUID, at: datetime) -> None:
    """Record that it is opened; it is not opened again."""
    rights.execute(
        text(
            "UPDATE rights.reidentification SET state = :opened, opened_at = :at"
            " WHERE id = :id AND state = :approved"
        ),
        {"id": number, "at": at, "opened": OPENED, "approved": APPROVED},
    )


def over(rights: Connection, now: datetime) -> list[uuid.UUID]:
    """Give those whose time box ended unopened, locked; what another process has is left to it."""
    found = rights.execute(
        text(
            "SELECT id FROM rights.reidentification"
            " WHERE state IN ('sought', 'asked', 'approved') AND ends_at <= :now"
            " ORDER BY id FOR UPDATE SKIP LOCKED"
        ),
        {"now": now},
    )
    return list(found.scalars())


def expire(rights: Connection, numbers: Collection[uuid.UUID]) -> None:
    """End these."""
    rights.execute(
        text("UPDATE rights.reidentification SET state = :expired WHERE id = ANY(:ids)"),
        {"expired": EXPIRED, "ids": list(numbers)},
    )


def forget_before(rights: Connection, horizon: datetime) -> int:
    """Delete what was asked before *horizon*; give how many."""
    return rights.execute(
        text("DELETE FROM rights.reidentification WHERE asked_at < :horizon"), {"horizon": horizon}
    ).rowcount


def detach(rights: Connection, subjects: Collection[int]) -> int:
    """Take *subjects*, who are being erased, out of every row; give how many.

    The row stays, and is like one about somebody nobody ever knew: an opening shows nothing, and
    that somebody was erased is not to be read from a row that is missing.
    """
    return rights.execute(
        text(
            "UPDATE rights.reidentification SET subject = NULL"
            " WHERE subject = ANY(CAST(:subjects AS bigint[]))"
        ),
        {"subjects": sorted(subjects)},
    ).rowcount


def opened_since(rights: Connection, since: datetime) -> int:
    """Count the openings since."""
    return int(
        rights.execute(
            text("SELECT count(*) FROM rights.reidentification WHERE opened_at > :since"),
            {"since": since},
        ).scalar_one()
    )


def about(rights: Connection, subjects: Collection[int]) -> list[dict[str, Any]]:
    """Give what is about *subjects*, for their own report: who it was by role, never by name."""
    found = rights.execute(
        text(
            "SELECT id, domain, purpose, ticket, state, asked_role, asked_at, ends_at, decided_at,"
            " opened_at FROM rights.reidentification"
            " WHERE subject = ANY(CAST(:subjects AS bigint[])) ORDER BY asked_at, id"
        ),
        {"subjects": sorted(subjects)},
    )
    return [dict(row) for row in found.mappings()]
