"""Whose is this pseudonym?  Every subject's key is asked in turn; there is no index to ask.

A column that led from a pseudonym to its subject would hold, for everybody and always, what is
needed for a handful a year.  So the vault is gone through, a portion of buckets at a time and to
the end even where the person was found: how long it takes says nothing about whether somebody was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Engine

from pseudonymizer.derive import aref
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.buckets import BUCKETS, Buckets, unwrap_subject
from pseudonymizer.vault.called import every_pid
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import span_in_use
from pseudonymizer.vault.store import BucketRow
from pseudonymizer.vault.transactions import transaction

__all__ = ["Behind", "seek"]

PORTION: Final = 32
"""Buckets whose subjects are read at once: 1/128 of the vault, in a transaction of its own."""

_OF_BUCKETS: Final = """
SELECT b.id, b.version, b.kek_version, b.wrapped_key, s.id, s.wrapped_sk
  FROM vault.subject AS s JOIN vault.bucket AS b ON b.id = s.bucket
 WHERE s.bucket >= %b::smallint AND s.bucket < %b::smallint AND s.state = 'alive'
"""


class Behind(NamedTuple):
    """Who is behind a pseudonym: the vault's number, and the name in the audit log."""

    subject: int
    aref: str


def seek(
    engine: Engine,
    keyring: Keyring,
    *,
    pid: bytes,
    domain: str,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Behind | None:
    """Give whose pseudonym *pid* is in *domain*; nobody's, or that of somebody erased, is ``None``.

    One of an earlier epoch is theirs still: a list that somebody copied then is of those people.
    Somebody minted meanwhile may be missed; asked again they are found.

    Raises:
        VaultUnavailable, KeyUnavailable: it was not gone through.
    """
    found = None
    for first in range(0, BUCKETS, PORTION):
        buckets = Buckets(keyring)
        with transaction(engine) as vault:
            epochs = span_in_use(vault, "pid")
            rows = run(vault, _OF_BUCKETS, first, first + PORTION).fetchall()
        for row in rows:
            key = unwrap_subject(buckets.key(BucketRow._make(row[:4])), row[4], row[5])
            if (domain, pid) in every_pid(key, (domain,), epochs):
                found = Behind(row[4], aref(key))
        progress(first + PORTION, BUCKETS)
    return found
