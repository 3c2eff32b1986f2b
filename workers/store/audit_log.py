"""The audit log in the store: appended through one definer function, read by the auditor."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

import psycopg
from sqlalchemy import Connection, select

from policies.audit.record import Scalar, canonical_fields, checked_action
from policies.audit.tree import CompactRange
from policies.errors import AuditUnavailable
from workers.store.packing import Int8s
from workers.store.tables import checkpoint, detail, entry, frontier
from workers.store.transactions import rows_of


class LoggedEntry(NamedTuple):
    """One entry as it is kept."""

    seq: int
    at: datetime
    header: str  # canonical JSON; its UTF-8 bytes are the leaf
    commitment: bytes | None
    leaf_hash: bytes


class LoggedCheckpoint(NamedTuple):
    """A signed head of the log."""

    size: int
    at: datetime
    root: bytes
    note: str


_APPEND = "select audit.append_entry(%s, %s, %s::jsonb, %s)"
_HEAD = "select size, root from audit.head()"
_KEEP = "select audit.keep_checkpoint(%s, %s, %s)"
_FORGET = "select audit.forget_details(%s)"
_KEEP = "select audit.keep_checkpoint(%s, %s, %s)"
_FORGET = "select audit.forget_details(%s)"


class AuditLog:
    """Appends to the audit log in the caller's transaction; an ``AuditSink``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(
        self,
        action: str,
        subject_ref: str | None,
        fields: Mapping[str, Scalar],
        *,
        detail: str | None = None,
    ) -> int:
        """Append one entry and give its number, the first being 0.

        *detail* is kept apart from the entry, which only commits to it, and can be erased later
        without breaking a proof.  The log has one writer at a time until it commits.

        Raises:
            AuditUnavailable: the entry could not be written; what it announces must not happen.
        """
        values = (checked_action(action), subject_ref or "", canonical_fields(fields), detail)
        try:
            ((seq,),) = rows_of(self._connection, _APPEND, values)
        except psycopg.Error:
            raise AuditUnavailable(
                "the audit entry was not written; a working audit log was needed"
            ) from None
        return int(seq)


def head(connection: Connection) -> tuple[int, bytes]:
    """Give the number of entries and the root over them.  Any role that appends may ask."""
    ((size, root),) = rows_of(connection, _HEAD, ())
    return int(size), bytes(root)


def entries(connection: Connection, first: int, last: int) -> list[LoggedEntry]:
    """Give the entries with these numbers, both included; for the auditor's role."""
    statement = select(entry).where(entry.c.seq.between(first, last)).order_by(entry.c.seq)
    return [LoggedEntry(**row) for row in connection.execute(statement).mappings()]


def range_of(connection: Connection) -> CompactRange:
    """Give the tree's frontier as it is kept; for the auditor's role."""
    levels = {row.level: row.hash for row in connection.execute(select(frontier))}
    return CompactRange(sum(1 << level for level in levels), levels)


def details(connection: Connection, seqs: list[int]) -> dict[int, tuple[bytes, str]]:
    """Give salt and detail of those entries that still have them; for the auditor's role."""
    statement = select(detail).where(detail.c.seq.in_(seqs))
    return {row.seq: (row.salt, row.detail) for row in connection.execute(statement)}


def keep_checkpoint(connection: Connection, size: int, root: bytes, *, note: str) -> None:
    """Keep a signed checkpoint of the log's present head; the first one of a size stays.

    Raises:
        AuditUnavailable: size and root are not the head's, so somebody signed another tree.
    """
    try:
        rows_of(connection, _KEEP, (size, root, note))
    except psycopg.Error:
        raise AuditUnavailable(
            "the checkpoint was not kept; one of the log's present head was needed"
        ) from None


def checkpoints(connection: Connection) -> list[LoggedCheckpoint]:
    """Give all checkpoints, smallest first."""
    found = connection.execute(select(checkpoint).order_by(checkpoint.c.size)).mappings()
    return [LoggedCheckpoint(**row) for row in found]


def leaf_hashes(connection: Connection, size: int) -> list[bytes]:
    """Give the leaf hashes of the first *size* entries, 32 bytes each; for the auditor's role."""
    statement = select(entry.c.leaf_hash).where(entry.c.seq < size).order_by(entry.c.seq)
    return [bytes(leaf) for leaf in connection.execute(statement).scalars()]


def headers(connection: Connection, seqs: Collection[int]) -> dict[int, str]:
    """Give the headers of these entries; for the auditor's role."""
    statement = select(entry.c.seq, entry.c.header).where(entry.c.seq.in_(sorted(seqs)))
    return {row.seq: row.header for row in connection.execute(statement)}


def newest_checkpoint(connection: Connection) -> LoggedCheckpoint | None:
    """Give the checkpoint over most entries, if any was signed yet."""
    statement = select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1)
    found = connection.execute(statement).mappings().one_or_none()
    return None if found is None else LoggedCheckpoint(**found)


def forget_details(connection: Connection, seqs: list[int]) -> int:
    """Delete salt and detail of these entries; the entries and every proof stay."""
    ((count,),) = rows_of(connection, _FORGET, (Int8s.of(seqs),))
    return int(count)
