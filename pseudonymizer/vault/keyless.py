"""How do people lose their keys, so that no older copy of these opens again?

A wrapped key lies in dead rows, in the log of changes and in backups, too, and all of them open by
the key of its bucket.  So the bucket gets another key, and the former one goes with the version of
the wrapping key that it is under (R-52).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.buckets import Buckets, new_bucket, unwrap_subject, wrap_subject
from pseudonymizer.vault.driver import columns, run
from pseudonymizer.vault.in_use import key_in_use
from pseudonymizer.vault.store import BucketRow

__all__ = ["hold_buckets", "take_keys"]


def hold_buckets(vault: Connection, subjects: Collection[int]) -> None:
    """Hold the buckets of *subjects*; whoever takes keys holds them before any subject."""
    run(
        vault,
        "SELECT FROM vault.bucket WHERE id IN"
        " (SELECT bucket FROM vault.subject WHERE id = ANY(%b::bigint[]))"
        " ORDER BY id FOR UPDATE",
        list(subjects),
    )


def take_keys(
    vault: Connection, keyring: Keyring, subjects: Collection[int], *, at: datetime
) -> list[BucketRow]:
    """Take the keys of *subjects*, mark them erased; give their buckets as they were.

    Their buckets get new keys, which wrap everybody in them but the subjects.
    """
    rows = run(
        vault,
        "SELECT id, version, kek_version, wrapped_key FROM vault.bucket WHERE id IN"
        " (SELECT bucket FROM vault.subject WHERE id = ANY(%b::bigint[])"
        " AND wrapped_sk IS NOT NULL) ORDER BY id FOR UPDATE",
        list(subjects),
    ).fetchall()
    old = {row[0]: BucketRow._make(row) for row in rows}
    members = run(
        vault,
        "SELECT id, bucket, wrapped_sk FROM vault.subject WHERE bucket = ANY(%b::smallint[])"
        " AND wrapped_sk IS NOT NULL ORDER BY id FOR UPDATE",
        list(old),
    ).fetchall()
    run(
        vault,
        "UPDATE vault.subject SET state = 'erased', wrapped_sk = NULL, erased_at = %b,"
        " generation = generation + 1"
        " WHERE id = ANY(%b::bigint[]) AND state <> 'erased'",
        at,
        list(subjects),
    )
    survivors = [row for row in members if row[0] not in set(subjects)]
    _rewrap(vault, keyring, old, survivors, at=at)
    return list(old.values())


def _rewrap(
    vault: Connection,
    keyring: Keyring,
    old: dict[int, BucketRow],
    survivors: Sequence[tuple[int, int, bytes]],
    *,
    at: datetime,
) -> None:
    buckets = Buckets(keyring)
    keyring.reach("kek", key_in_use(vault, "kek", share=True))
    fresh = {row.bucket: new_bucket(keyring, row.bucket, row.version + 1) for row in old.values()}
    wrapped = [
        wrap_subject(
            fresh[bucket][1], subject, unwrap_subject(buckets.key(old[bucket]), subject, blob)
        )
        for subject, bucket, blob in survivors
    ]
    run(
        vault,
        "UPDATE vault.subject AS s SET wrapped_sk = new.wrapped_sk"
        " FROM unnest(%b::bigint[], %b::bytea[]) AS new (id, wrapped_sk) WHERE s.id = new.id",
        [row[0] for row in survivors],
        wrapped,
    )
    rows = [row for row, _ in fresh.values()]
    run(
        vault,
        "UPDATE vault.bucket AS b SET version = new.version, kek_version = new.kek_version,"
        " wrapped_key = new.wrapped_key, rewrapped_at = %b"
        " FROM unnest(%b::smallint[], %b::int[], %b::int[], %b::bytea[])"
        " AS new (id, version, kek_version, wrapped_key) WHERE b.id = new.id",
        at,
        *columns(rows, 4),
    )
