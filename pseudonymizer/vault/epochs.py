"""How does everybody get other pseudonyms, as far as the vault knows of them (decision 39)?

A pseudonym follows from the subject's key, the domain and the epoch.  So another epoch is a number:
from when it is in use, whoever looks somebody up is told their pseudonyms of both.  How far the
rows were renamed is written where they are, in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from pseudonymizer.derive import pid_bytes
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.buckets import Buckets, unwrap_subject
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import InUse, span_in_use
from pseudonymizer.vault.store import BucketRow

__all__ = ["PID", "begin", "names_in", "people_below", "settle", "span"]

PID: Final = "pid"

_SET: Final = """
UPDATE vault.key_in_use SET version = %b, first = %b, since = %b
 WHERE name = 'pid' AND version <= %b"""
_OF_BUCKETS: Final = """
SELECT b.id, b.version, b.kek_version, b.wrapped_key, s.id, s.wrapped_sk
  FROM vault.subject AS s JOIN vault.bucket AS b ON b.id = s.bucket
 WHERE s.bucket >= %b AND s.bucket < %b AND s.state = 'alive'"""
_SETTLED: Final = "UPDATE vault.key_in_use SET first = version WHERE name = 'pid' AND version = %b"
_BELOW: Final = """
SELECT count(*) FILTER (WHERE bucket < %b), count(*) FILTER (WHERE bucket >= %b)
  FROM vault.subject WHERE state = 'alive'"""


def span(vault: Connection) -> InUse:
    """Give the epochs the store may know people by, and keep it so until the commit."""
    return span_in_use(vault, PID)


def begin(vault: Connection, epochs: InUse, *, at: datetime) -> None:
    """Have people called by the epochs of *epochs*; its last is the one they are brought to.

    Whoever was told others and may act on it, as an erasure does, has committed when this returns.
    """
    run(vault, _SET, epochs.version, epochs.first, at, epochs.version)


def names_in(
    vault: Connection,
    keyring: Keyring,
    domains: Sequence[str],
    epochs: InUse,
    *,
    buckets: tuple[int, int],
) -> list[tuple[bytes, bytes]]:
    """Give what people were called, and what they are to be, of some buckets: up to the second.

    Somebody whose erasure has begun is left out: it reaches them by every name they ever had.
    """
    unwrapped = Buckets(keyring)
    names: list[tuple[bytes, bytes]] = []
    for row in run(vault, _OF_BUCKETS, *buckets).fetchall():
        key = unwrap_subject(unwrapped.key(BucketRow._make(row[:4])), row[4], row[5])
        pids = pid_bytes(key, domains, epochs.version)
        for epoch in range(epochs.first, epochs.version):
            names += zip(pid_bytes(key, domains, epoch), pids, strict=True)
    return names


def settle(vault: Connection, epoch: int) -> None:
    """Call nobody by an epoch before *epoch* any more; the store has nobody under one."""
    run(vault, _SETTLED, epoch)


def people_below(vault: Connection, bucket: int) -> tuple[int, int]:
    """Count who is alive in the buckets before *bucket*, and in the others."""
    below, others = run(vault, _BELOW, bucket, bucket).fetchall()[0]
    return int(below), int(others)
