"""How is a subject key unwrapped without asking the key service for each one?

4096 random bucket keys wrap the subject keys, and the key service wraps the bucket keys (R-52).
Unwrapped bucket keys stay in this process for a minute at most; subject keys do not stay at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from secrets import randbelow, token_bytes
from threading import Lock
from typing import Final

from pseudonymizer.derive import SUBJECT_KEY_BYTES
from pseudonymizer.keyring import Keyring
from pseudonymizer.seal import Place, SealingKey, open_sealed, seal
from pseudonymizer.vault.store import BucketRow

__all__ = ["BUCKETS", "Buckets", "new_bucket", "some_buckets", "unwrap_subject", "wrap_subject"]

BUCKETS: Final = 4096
SECONDS_UNWRAPPED: Final = 60.0
SUBJECTS_PER_BUCKET: Final = 64
"""How many subjects minted together may share a bucket: fewer rows to lock in a large batch."""


class Buckets:
    """Unwrapped bucket keys, each for at most a minute.

    Remembered by their whole row: a bucket made in a transaction that was rolled back has the
    number and version of the one that is made in its place, and another key.
    """

    def __init__(self, keyring: Keyring, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._keyring = keyring
        self._clock = clock
        self._lock = Lock()
        self._unwrapped: dict[BucketRow, tuple[float, SealingKey]] = {}

    def key(self, row: BucketRow) -> SealingKey:
        """Give the bucket's key; raises what ``KeyProvider.unwrap`` raises."""
        now = self._clock()
        kept = self._unwrapped.get(row)
        if kept is not None and now < kept[0]:
            return kept[1]
        material = self._keyring.unwrap(
            "vault.bucket", f"{row.bucket}:{row.version}", row.kek_version, row.wrapped_key
        )
        key = _sealing_key(row.bucket, row.version, material)
        with self._lock:
            self._drop(row.bucket, now)
            self._unwrapped[row] = (now + SECONDS_UNWRAPPED, key)
        return key

    def clear(self) -> None:
        """Forget every unwrapped key."""
        with self._lock:
            self._unwrapped.clear()

    def _drop(self, bucket: int, now: float) -> None:
        """Forget other versions of *bucket* and, once in a while, what has run out."""
        for name in [name for name in self._unwrapped if name.bucket == bucket] + [
            name for name, (until, _) in self._unwrapped.items() if until <= now
        ]:
            self._unwrapped.pop(name, None)


def new_bucket(keyring: Keyring, bucket: int, version: int) -> tuple[BucketRow, SealingKey]:
    """Make a bucket key: its row, wrapped, and the key to use at once."""
    material = token_bytes(SUBJECT_KEY_BYTES)
    kek_version, wrapped = keyring.wrap("vault.bucket", f"{bucket}:{version}", material)
    row = BucketRow(bucket, version, kek_version, wrapped)
    return row, _sealing_key(bucket, version, material)


def some_buckets(subjects: int) -> list[int]:
    """Draw the bucket of each of so many new subjects."""
    drawn: list[int] = []
    while len(drawn) < subjects:
        drawn += [randbelow(BUCKETS)] * min(SUBJECTS_PER_BUCKET, subjects - len(drawn))
    return drawn


def wrap_subject(key: SealingKey, subject: int, subject_key: bytes) -> bytes:
    """Wrap a subject key for its row."""
    return seal(key, subject_key, Place("vault.subject", "wrapped_sk", subject))


def unwrap_subject(key: SealingKey, subject: int, wrapped: bytes) -> bytes:
    """Unwrap a subject key, or raise ``EnvelopeInvalid``."""
    subject_key = open_sealed(key, wrapped, Place("vault.subject", "wrapped_sk", subject))
    if len(subject_key) != SUBJECT_KEY_BYTES:
        raise ValueError("the subject key has another length; 32 bytes were needed")
    return subject_key


def _sealing_key(bucket: int, version: int, material: bytes) -> SealingKey:
    return SealingKey(f"bucket:{bucket}", version, material)
