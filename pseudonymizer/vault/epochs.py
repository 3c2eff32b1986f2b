"""How does everybody get other pseudonyms, as far as the vault knows of them (decision 39)?

A pseudonym follows from the subject's key, the domain and the epoch.  So another epoch is a number:
from when it is in use, whoever looks somebody up is told their pseudonyms of both.  The people of a
bucket are brought over together, and the bucket says so; when all are, the epoch before is told to
nobody any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pseudonymizer.derive import pid_bytes
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.buckets import Buckets, unwrap_subject
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import InUse, span_in_use
from pseudonymizer.vault.store import BucketRow

__all__ = ["PID", "Portion", "begin", "brought", "next_portion", "people_in", "settle", "span"]

PID: Final = "pid"
BUCKETS: Final = 16  # a portion: at ten million people some 40 000 pseudonyms in each domain

_SET: Final = """
UPDATE vault.key_in_use SET version = %b, first = %b, since = %b
 WHERE name = 'pid' AND version <= %b"""
_BEHIND: Final = """
UPDATE vault.bucket SET pid_epoch = %b WHERE pid_epoch > %b AND pid_epoch <= %b"""
_SOME: Final = "SELECT id FROM vault.bucket WHERE pid_epoch < %b ORDER BY id LIMIT %b"
_OF_BUCKETS: Final = """
SELECT b.id, b.version, b.kek_version, b.wrapped_key, s.id, s.wrapped_sk
  FROM vault.subject AS s JOIN vault.bucket AS b ON b.id = s.bucket
 WHERE s.bucket = ANY(%b::smallint[]) AND s.state = 'alive'"""
_BROUGHT: Final = """
UPDATE vault.bucket SET pid_epoch = %b WHERE id = ANY(%b::smallint[]) AND pid_epoch < %b"""
_SETTLED: Final = """
UPDATE vault.key_in_use SET first = version WHERE name = 'pid' AND version = %b
   AND NOT EXISTS (SELECT FROM vault.bucket WHERE pid_epoch < %b)"""
_PEOPLE: Final = """
SELECT greatest(b.pid_epoch, u.first), count(*)
  FROM vault.subject AS s JOIN vault.bucket AS b ON b.id = s.bucket,
       vault.key_in_use AS u
 WHERE s.state = 'alive' AND u.name = 'pid' GROUP BY 1"""


class Portion(NamedTuple):
    """Some buckets, and what those in them were and are called."""

    buckets: list[int]
    names: list[tuple[bytes, bytes]]


def span(vault: Connection) -> InUse:
    """Give the epochs the store may know people by, and keep it so until the commit."""
    return span_in_use(vault, PID)


def begin(vault: Connection, epochs: InUse, *, at: datetime) -> None:
    """Have people called by the epochs of *epochs*; its last is the one they are brought to.

    Whoever was told others and may act on it, as an erasure does, has committed when this returns.
    Where *epochs* begins before what was done already, that is to be done again.
    """
    run(vault, _SET, epochs.version, epochs.first, at, epochs.version)
    run(vault, _BEHIND, epochs.first, epochs.first, epochs.version)


def next_portion(
    vault: Connection, keyring: Keyring, domains: Sequence[str], epochs: InUse
) -> Portion | None:
    """Give whom to bring over next; ``None`` when it is everybody.

    Somebody whose erasure has begun is left out: it reaches them by every name they ever had.
    """
    buckets = [row[0] for row in run(vault, _SOME, epochs.version, BUCKETS).fetchall()]
    if not buckets:
        return None
    unwrapped = Buckets(keyring)
    names: list[tuple[bytes, bytes]] = []
    for row in run(vault, _OF_BUCKETS, buckets).fetchall():
        key = unwrap_subject(unwrapped.key(BucketRow._make(row[:4])), row[4], row[5])
        pids = pid_bytes(key, domains, epochs.version)
        for epoch in range(epochs.first, epochs.version):
            names += zip(pid_bytes(key, domains, epoch), pids, strict=True)
    return Portion(buckets, names)


def brought(vault: Connection, buckets: Sequence[int], epoch: int) -> None:
    """Write down that the people of *buckets* have their pseudonyms of *epoch*."""
    run(vault, _BROUGHT, epoch, list(buckets), epoch)


def settle(vault: Connection, epoch: int) -> bool:
    """Call nobody by an epoch before *epoch* any more; ``False`` if a bucket came meanwhile."""
    return run(vault, _SETTLED, epoch, epoch).rowcount > 0


def people_in(vault: Connection) -> dict[int, int]:
    """Count who is alive by the epoch they were brought to."""
    return {int(row[0]): int(row[1]) for row in run(vault, _PEOPLE).fetchall()}
