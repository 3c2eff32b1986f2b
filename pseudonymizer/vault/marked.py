"""Which identifiers carry one of these marks, whoever they are kept under?

A mark is kept sealed, so there is no index to ask: every identifier's is opened, a portion of
buckets at a time.  Only a restored vault is asked this way.  There somebody who was erased may
still be known under the number of another, from whom they were parted after the backup (R-54).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine

from pseudonymizer import tombstones
from pseudonymizer.keyring import Keyring
from pseudonymizer.tombstones import Mark
from pseudonymizer.vault.buckets import BUCKETS, Buckets, unwrap_subject
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.mint import open_mark
from pseudonymizer.vault.store import BucketRow
from pseudonymizer.vault.transactions import transaction

__all__ = ["Carrier", "carriers", "drop"]

PORTION: Final = 32
"""Buckets whose identifiers are read at once: 1/128 of the vault, in a transaction of its own."""

_OF_BUCKETS: Final = """
SELECT b.id, b.version, b.kek_version, b.wrapped_key, s.id, s.wrapped_sk,
       i.blind_index, i.sealed_mark
  FROM vault.subject AS s
  JOIN vault.bucket AS b ON b.id = s.bucket
  JOIN vault.identifier AS i ON i.subject = s.id
 WHERE s.bucket >= %b::smallint AND s.bucket < %b::smallint AND s.wrapped_sk IS NOT NULL
"""


class Carrier(NamedTuple):
    """An identifier with one of the marks, and the subject it is kept under."""

    blind_index: bytes
    subject: int


def carriers(engine: Engine, keyring: Keyring, marks: Collection[Mark]) -> list[Carrier]:
    """Give the identifiers whose mark is one of *marks*, all nested up to the version in use.

    Raises:
        KeyDestroyed, KeyUnavailable: not everybody's could be opened, so nothing is said.
        KeyDestroyed: a mark is of before the version that all are nested from.
    """
    if not marks:
        return []
    with transaction(engine) as vault:
        wanted = set(tombstones.nested(vault, keyring, marks))
    version = max(each for each, _ in wanted)
    found: list[Carrier] = []
    for first in range(0, BUCKETS, PORTION):
        with transaction(engine) as vault:
            kept = _kept(vault, keyring, first)
        made = tombstones.nested_to(keyring, kept.values(), version)
        found += [each for each, mark in kept.items() if made[mark] in wanted]
    return found


def drop(vault: Connection, found: Collection[Carrier]) -> int:
    """Delete these identifiers; give how many there were."""
    indexes = [each.blind_index for each in found]
    statement = "DELETE FROM vault.identifier WHERE blind_index = ANY(%b::bytea[])"
    return run(vault, statement, indexes).rowcount


def _kept(vault: Connection, keyring: Keyring, first: int) -> dict[Carrier, Mark]:
    """Open the marks of everybody in a portion of buckets, from *first* on."""
    buckets = Buckets(keyring)
    keys: dict[int, bytes] = {}
    kept = {}
    for row in run(vault, _OF_BUCKETS, first, first + PORTION).fetchall():
        subject, wrapped, index, sealed_mark = row[4:]
        if subject not in keys:
            keys[subject] = unwrap_subject(buckets.key(BucketRow._make(row[:4])), subject, wrapped)
        kept[Carrier(index, subject)] = open_mark(keys[subject], index, sealed_mark)
    return kept
