"""Who must not come back, and for which uses?

A tombstone is a keyed mark of an erased identifier (R-59): its own key, its own schema, no way to
a subject.  It is personal data still, kept for this one use and for a stated time.  Statements
take the connection first and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from pseudonymizer.vault.driver import run

__all__ = ["KEPT", "SCOPE_ALL", "Stone", "every", "expire", "in_force", "lift", "place"]

SCOPE_ALL: Final = "all"
KEPT: Final = timedelta(days=3 * 365 + 1)
"""Three years, the least the CNIL recommends for a list of objectors ("liste repoussoir")."""


@dataclass(frozen=True, slots=True)
class Stone:
    """Why marks are placed, for which uses, and until when."""

    scope: str
    reason: str
    placed_at: datetime
    kept: timedelta = KEPT


def place(connection: Connection, marks: Iterable[tuple[int, bytes]], stone: Stone) -> int:
    """Place tombstones for *marks*, each with its key version; give how many are in force now.

    One that is there already is kept, for the longer of both periods.
    """
    ordered = sorted(set(marks), key=lambda pair: pair[1])
    if not ordered:
        return 0
    placed_on = stone.placed_at.date()
    run(
        connection,
        "INSERT INTO tombstone.mark (mark, scope, reason, created_month, expires_on, key_version)"
        " SELECT mark, %b, %b, %b, %b, version FROM unnest(%b::bytea[], %b::int[])"
        " AS new (mark, version) ON CONFLICT (mark, scope) DO UPDATE"
        " SET expires_on = greatest(mark.expires_on, excluded.expires_on)",
        stone.scope,
        stone.reason,
        placed_on.replace(day=1),
        placed_on + stone.kept,
        [mark for _, mark in ordered],
        [version for version, _ in ordered],
    )
    return len(ordered)


def in_force(connection: Connection, marks: Collection[bytes], *, on: date) -> set[str]:
    """Give the scopes in which any of *marks* is in force."""
    rows = run(
        connection,
        "SELECT DISTINCT scope FROM tombstone.mark"
        " WHERE mark = ANY(%b::bytea[]) AND expires_on > %b",
        list(marks),
        on,
    )
    return {row[0] for row in rows.fetchall()}


def every(connection: Connection) -> list[tuple[int, bytes]]:
    """Give key version and mark of every tombstone."""
    rows = run(connection, "SELECT key_version, mark FROM tombstone.mark ORDER BY mark")
    return [(int(version), bytes(mark)) for version, mark in rows.fetchall()]


def lift(connection: Connection, marks: Collection[bytes], *, scope: str = SCOPE_ALL) -> int:
    """Remove tombstones, once the person consents anew (R-58); give how many there were."""
    return run(
        connection,
        "DELETE FROM tombstone.mark WHERE mark = ANY(%b::bytea[]) AND scope = %b",
        list(marks),
        scope,
    ).rowcount


def expire(connection: Connection, *, on: date) -> int:
    """Remove the tombstones whose time is over; give how many."""
    return run(connection, "DELETE FROM tombstone.mark WHERE expires_on <= %b", on).rowcount
