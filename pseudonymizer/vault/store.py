"""Which statements run on the schema ``vault``?

Those that remember, that is; ``forget`` and ``reveal`` hold their own.  Each takes the connection
first, returns plain values and never commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pseudonymizer.vault.driver import columns, run
from pseudonymizer.vault.in_use import InUse

__all__ = [
    "BucketRow",
    "FoundRow",
    "IdentifierRow",
    "Moved",
    "SubjectKeyRow",
    "insert_buckets",
    "insert_identifiers",
    "insert_subjects",
    "keep_erasures_out",
    "keep_minting_out",
    "lock_buckets",
    "look_up",
    "move_identifiers",
    "reserve_subjects",
]

FENCE: Final = 0x6572_6173_7572_65  # "erasure": an advisory lock of the vault database


class FoundRow(NamedTuple):
    """An identifier's subject and what unwraps its key; *kept*: its text is kept, sealed."""

    blind_index: bytes
    subject: int
    state: str
    bucket: int
    version: int
    kek_version: int
    wrapped_key: bytes
    wrapped_sk: bytes | None
    kept: bool


class Found(NamedTuple):
    """What the vault says of a batch; *in_use*: of ``idx``, of ``sup``, and epochs of ``pid``."""

    rows: list[FoundRow]
    marks: set[bytes]
    in_use: dict[str, InUse]


class Moved(NamedTuple):
    """An identifier that gets another blind index, and what is kept of it, sealed for that."""

    old: bytes
    blind_index: bytes
    sealed: bytes | None
    sealed_mark: bytes
    variant_index: bytes | None


class BucketRow(NamedTuple):
    """A bucket key as stored; *version* counts its replacements."""

    bucket: int
    version: int
    kek_version: int
    wrapped_key: bytes


class SubjectKeyRow(NamedTuple):
    """A new subject."""

    subject: int
    bucket: int
    wrapped_sk: bytes


class IdentifierRow(NamedTuple):
    """A new identifier of a subject; *source* said so, unless it came by itself."""

    blind_index: bytes
    subject: int
    kind: str
    index_version: int
    canon_version: int
    sealed: bytes | None
    sealed_mark: bytes
    variant_index: bytes | None
    source: int | None


_LOOK_UP: Final = """
SELECT i.blind_index, s.id, s.state, s.bucket, b.version, b.kek_version, b.wrapped_key,
       s.wrapped_sk, i.sealed IS NOT NULL
  FROM unnest(%b::bytea[]) AS wanted (blind_index)
  JOIN vault.identifier AS i USING (blind_index)
  JOIN vault.subject AS s ON s.id = i.subject
  JOIN vault.bucket AS b ON b.id = s.bucket
UNION ALL
SELECT t.mark, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM unnest(%b::bytea[]) AS wanted (mark)
  JOIN tombstone.mark AS t ON t.mark = wanted.mark
 WHERE t.scope = 'all' AND t.expires_on > (now() AT TIME ZONE 'UTC')::date
UNION ALL
SELECT NULL, NULL, name, NULL, version, first, NULL, NULL, NULL
  FROM vault.key_in_use WHERE name IN ('idx', 'sup', 'pid')
"""


_INSERT_IDENTIFIERS: Final = """
INSERT INTO vault.identifier
       (blind_index, subject, kind, index_version, canon_version, sealed, sealed_mark,
        variant_index, source, first_seen_on)
SELECT *, (now() AT TIME ZONE 'UTC')::date
  FROM unnest(%b::bytea[], %b::bigint[], %b::text[], %b::int[], %b::smallint[], %b::bytea[],
              %b::bytea[], %b::bytea[], %b::int[]) AS new (blind_index)
 ORDER BY blind_index
    ON CONFLICT (blind_index) DO NOTHING
RETURNING 1
"""


def keep_erasures_out(connection: Connection) -> None:
    """Let no erasure begin before this transaction ends; others that mint are not held up.

    Taken before the look-up, so that what it sees holds until the commit: an erasure either
    finds what was minted here, or its tombstone is found by this look-up.
    """
    run(connection, "SELECT pg_advisory_xact_lock_shared(%b)", FENCE)


def keep_minting_out(connection: Connection) -> None:
    """Wait for every transaction that mints or links, and let none begin before this one ends."""
    run(connection, "SELECT pg_advisory_xact_lock(%b)", FENCE)


def look_up(
    connection: Connection, blind_indexes: Sequence[bytes], marks: Sequence[bytes]
) -> Found:
    """Find the subjects of *blind_indexes*, and those of *marks* that are in force for all uses.

    The versions in use come from the same look: what is seen of the rows is seen of them.
    """
    rows = run(connection, _LOOK_UP, list(blind_indexes), list(marks)).fetchall()
    found: list[FoundRow] = []
    there: set[bytes] = set()
    in_use: dict[str, InUse] = {}
    for row in rows:
        if row[0] is None:
            in_use[row[2]] = InUse(row[4], row[5])
        elif row[1] is None:
            there.add(row[0])
        else:
            found.append(FoundRow._make(row))
    return Found(found, there, in_use)


def move_identifiers(connection: Connection, rows: Sequence[Moved], *, version: int) -> None:
    """Give identifiers another blind index; one that went meanwhile is left out."""
    run(
        connection,
        "UPDATE vault.identifier AS i SET blind_index = new.blind_index, index_version = %b,"
        " sealed = new.sealed, sealed_mark = new.sealed_mark, variant_index = new.variant_index"
        " FROM unnest(%b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[])"
        " AS new (old, blind_index, sealed, sealed_mark, variant_index)"
        " WHERE i.blind_index = new.old",
        version,
        *columns(rows, 5),
    )


def reserve_subjects(connection: Connection, count: int) -> list[int]:
    """Give *count* fresh subject numbers."""
    rows = run(
        connection,
        "SELECT nextval('vault.subject_id_seq') FROM generate_series(1, %b)",
        count,
    )
    return [row[0] for row in rows.fetchall()]


def lock_buckets(connection: Connection, buckets: Iterable[int]) -> dict[int, BucketRow]:
    """Give the buckets that exist, and let none be replaced before this transaction ends."""
    rows = run(
        connection,
        "SELECT id, version, kek_version, wrapped_key FROM vault.bucket"
        " WHERE id = ANY(%b::smallint[]) ORDER BY id FOR KEY SHARE",
        sorted(buckets),
    )
    return {row[0]: BucketRow._make(row) for row in rows.fetchall()}


def insert_buckets(connection: Connection, rows: Sequence[BucketRow]) -> None:
    """Add buckets, in order, unless another transaction was first."""
    ids, versions, kek_versions, keys = columns(sorted(rows), 4)
    run(
        connection,
        "INSERT INTO vault.bucket (id, version, kek_version, wrapped_key, rewrapped_at)"
        " SELECT *, now() FROM unnest(%b::smallint[], %b::int[], %b::int[], %b::bytea[])"
        " ON CONFLICT (id) DO NOTHING",
        ids,
        versions,
        kek_versions,
        keys,
    )


def insert_subjects(connection: Connection, rows: Sequence[SubjectKeyRow]) -> None:
    """Add subjects under reserved numbers."""
    ids, buckets, keys = columns(rows, 3)
    run(
        connection,
        "INSERT INTO vault.subject (id, bucket, wrapped_sk, created_on) OVERRIDING SYSTEM VALUE"
        " SELECT *, (now() AT TIME ZONE 'UTC')::date"
        " FROM unnest(%b::bigint[], %b::smallint[], %b::bytea[])",
        ids,
        buckets,
        keys,
    )


def insert_identifiers(connection: Connection, rows: Sequence[IdentifierRow]) -> int:
    """Add identifiers and say how many; fewer than asked means another transaction was first.

    One statement in the order of the blind indexes: two transactions that insert the same ones
    wait for each other in the same order, so there is no deadlock.
    """
    return len(run(connection, _INSERT_IDENTIFIERS, *columns(rows, 9)).fetchall())
