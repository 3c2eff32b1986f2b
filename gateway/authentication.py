"""Which source sent this, and what may its key do?

A key is ``pk_<prefix>_<secret>``: 256 random bits, shown once, found by its
public prefix and compared by hash in constant time (R-105).  What was looked
up is remembered for seconds, so that a revoked key stops within them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.errors import CredentialMissing, ScopeMissing

REMEMBER_S = 10.0
MAX_REMEMBERED = 10_000
MAX_KEY_CHARS = 200
# What a key is made of; what is made of something else (a NUL, which PostgreSQL takes in no text,
# say) is not looked for.
_FORM = re.compile(r"pk_([0-9A-Za-z]+)_[0-9A-Za-z_-]+")


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A source's key as the store knows it: never the key itself."""

    source: int
    key_hash: bytes
    scopes: frozenset[str]
    expires_at: datetime | None


FindKey = Callable[[str], SourceKey | None]


class SourceKeys:
    """Authenticates sources, asking the store once in a while."""

    def __init__(self, find: FindKey, clock: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._clock = clock
        self._known: dict[str, tuple[float, SourceKey | None]] = {}

    def forget(self) -> None:
        """Forget every key: the store may be another one."""
        self._known.clear()

    def remembered(self, key: str, scope: str) -> SourceKey | None:
        """Authenticate from memory; ``None`` when the store has to be asked.

        Raises:
            CredentialMissing, ScopeMissing: as for ``authenticate``.
        """
        entry = self._known.get(_prefix(key))
        if entry is None or entry[0] < self._clock():
            return None
        return _checked(entry[1], key, scope)

    def authenticate(self, key: str, scope: str) -> SourceKey:
        """Give the key record of *key*; blocks on the store when it is not remembered.

        Raises:
            CredentialMissing: no such key, or it is revoked or expired.
            ScopeMissing: the key may not do *scope*.
        """
        found = self.remembered(key, scope)
        if found is not None:
            return found
        prefix = _prefix(key)
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        record = self._find(prefix)
        self._known[prefix] = (self._clock() + REMEMBER_S, record)
        return _checked(record, key, scope)


def _prefix(key: str) -> str:
    form = _FORM.fullmatch(key) if len(key) <= MAX_KEY_CHARS else None
    if form is None:
        raise CredentialMissing("The key is not one of ours; a write key was needed.")
    return form[1]


def _checked(record: SourceKey | None, key: str, scope: str) -> SourceKey:
    offered = hashlib.sha256(key.encode()).digest()
    # Unknown and wrong keys take the same path and time.
    expected = record.key_hash if record else bytes(32)
    if not hmac.compare_digest(offered, expected) or record is None:
        raise CredentialMissing("The key is not known; a valid write key was needed.")
    if record.expires_at is not None and record.expires_at <= datetime.now(UTC):
        raise CredentialMissing("The key is past its end; a valid write key was needed.")
    if scope not in record.scopes:
        raise ScopeMissing(f"The key lacks the scope {scope}.")
    return record


def key_in_header(authorization: str) -> tuple[str, str | None]:
    """Give the scheme (lower case) and key of an ``Authorization`` header.

    Basic carries the key as user name; documents ask for a colon after it and
    clients forget it, so both are read.

    Raises:
        CredentialMissing: the header is neither Basic nor Bearer.
    """
    scheme, _, rest = authorization.partition(" ")
    scheme = scheme.lower()
    if scheme == "bearer":
        return scheme, rest.strip() or None
    if scheme == "basic":
        try:
            decoded = base64.b64decode(rest.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise CredentialMissing("The Basic credential is not valid base64.") from error
        return scheme, decoded.partition(":")[0] or None
    raise CredentialMissing("The Authorization scheme is not supported; Basic or Bearer is.")
