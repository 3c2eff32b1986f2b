"""What was erased, and how far did it get?

One row per case, of bare random numbers: it makes an erasure resumable after a crash, and lets a
restored database be brought back to where it was (R-54).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from pseudonymizer.vault.driver import run

__all__ = [
    "Erasure",
    "anybody",
    "erasures",
    "find",
    "record",
    "record_completed",
    "record_destroyed",
]

_READ: Final = """
SELECT id, case_id, subjects, pids, arefs, tombstones, key_ids, started_at, destroyed_at,
       completed_at
  FROM vault.erasure_journal
"""
_OF_CASE: Final = _READ + " WHERE case_id = %b FOR UPDATE"
_EVERY: Final = _READ + " ORDER BY started_at, id"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure in the vault.

    Attributes:
        subjects: the vault's numbers of the subjects in the closure.
        pids: their pseudonyms in every domain, 16 bytes each.
        arefs: their references in the audit log; nobody can compute them any more, and none are
            kept once the case is done.
        tombstones: how many marks were placed.
        key_ids: the keys destroyed, ``bucket:<number>:v<version>``.
        started_at: when ingest began to refuse.
        destroyed_at: when the subject keys were gone from the live rows.
        completed_at: when the whole case was done.
    """

    id: UUID
    case_id: UUID
    subjects: tuple[int, ...]
    pids: tuple[bytes, ...] = field(repr=False)
    arefs: tuple[str, ...] = field(repr=False)
    tombstones: int
    key_ids: tuple[str, ...]
    started_at: datetime
    destroyed_at: datetime | None = None
    completed_at: datetime | None = None


def find(vault: Connection, case_id: UUID) -> Erasure | None:
    """Give the erasure of a case, and hold it against other transactions; ``None`` if not begun."""
    row = run(vault, _OF_CASE, case_id).fetchone()
    return None if row is None else _erasure(row)


def erasures(vault: Connection) -> list[Erasure]:
    """Give every erasure on record, oldest first."""
    rows = run(vault, _EVERY)
    return [_erasure(row) for row in rows.fetchall()]


def anybody(vault: Connection) -> bool:
    """Say whether an erasure is on record, or anybody has a tombstone."""
    ((found,),) = run(
        vault,
        "SELECT EXISTS (SELECT FROM vault.erasure_journal) OR EXISTS (SELECT FROM tombstone.mark)",
    ).fetchall()
    return bool(found)


def record(vault: Connection, erasure: Erasure) -> None:
    """Record that an erasure has begun."""
    run(
        vault,
        "INSERT INTO vault.erasure_journal"
        " (id, case_id, subjects, pids, arefs, tombstones, key_ids, started_at)"
        " VALUES (%b, %b, %b::bigint[], %b::uuid[], %b::text[], %b, '{}', %b)",
        erasure.id,
        erasure.case_id,
        list(erasure.subjects),
        [UUID(bytes=pid) for pid in erasure.pids],
        list(erasure.arefs),
        erasure.tombstones,
        erasure.started_at,
    )


def record_destroyed(vault: Connection, case_id: UUID, *, key_ids: list[str], at: datetime) -> None:
    """Record that the keys are destroyed."""
    run(
        vault,
        "UPDATE vault.erasure_journal SET key_ids = %b::text[], destroyed_at = %b"
        " WHERE case_id = %b",
        key_ids,
        at,
        case_id,
    )


def record_completed(vault: Connection, case_id: UUID, *, at: datetime) -> None:
    """Record that the whole case is done, and forget what only its entries needed.

    A restored backup is cleaned by pseudonyms; a reference beside them would tell for ever which
    entries of the audit log were about one person (R-114).  A second time changes nothing.
    """
    run(
        vault,
        "UPDATE vault.erasure_journal SET completed_at = %b, arefs = '{}'"
        " WHERE case_id = %b AND completed_at IS NULL",
        at,
        case_id,
    )


def _erasure(row: tuple[Any, ...]) -> Erasure:
    number, case_id, subjects, pids, arefs, tombstones, key_ids, *instants = row
    return Erasure(
        number,
        case_id,
        tuple(subjects),
        tuple(pid.bytes for pid in pids),
        tuple(arefs),
        tombstones,
        tuple(key_ids),
        *instants,
    )
