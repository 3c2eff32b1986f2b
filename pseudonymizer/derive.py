"""What follows from a subject's key: pseudonyms, field keys, and the name in the audit log.

Every value is one HKDF-Expand block (RFC 5869 section 2.3, SHA-256, one output block), taken
straight from the uniform 32-byte subject key; extraction would add nothing.  The labels keep
the uses apart.  Frozen vectors: ``tests/vectors/identified.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from pseudonymizer.encoding import enc

__all__ = ["SUBJECT_KEY_BYTES", "aref", "dek", "pid", "pid_bytes"]

SUBJECT_KEY_BYTES: Final = 32

_ONLY_BLOCK: Final = b"\x01"  # HKDF-Expand's counter


def pid(subject_key: bytes, domain: str, epoch: int = 0) -> UUID:
    """Give the subject's pseudonym in *domain* as a UUID of version 8 (RFC 9562)."""
    return UUID(bytes=pid_bytes(subject_key, (domain,), epoch)[0])


def pid_bytes(subject_key: bytes, domains: Sequence[str], epoch: int = 0) -> list[bytes]:
    """Give the pseudonyms in *domains*, 16 bytes each, in that order."""
    keyed = _keyed(subject_key)
    pids = []
    for domain in domains:
        context = keyed.copy()
        context.update(_pid_info(domain, epoch))
        block = bytearray(context.finalize()[:16])
        block[6] = block[6] & 0x0F | 0x80  # version 8
        block[8] = block[8] & 0x3F | 0x80  # variant of RFC 9562
        pids.append(bytes(block))
    return pids


def dek(subject_key: bytes, field: str, version: int) -> bytes:
    """Give the 32-byte key that seals *field* of this subject."""
    return _expand(subject_key, enc("dek/v1", field, version))


def aref(subject_key: bytes) -> str:
    """Give the subject's name in the audit log, 64 hexadecimal digits; it dies with the key."""
    return _expand(subject_key, enc("aref/v1")).hex()


@lru_cache(maxsize=1024)
def _pid_info(domain: str, epoch: int) -> bytes:
    return enc("pid/v1", domain, epoch) + _ONLY_BLOCK


def _expand(subject_key: bytes, info: bytes) -> bytes:
    context = _keyed(subject_key)
    context.update(info + _ONLY_BLOCK)
    return context.finalize()


def _keyed(subject_key: bytes) -> HMAC:
    if len(subject_key) != SUBJECT_KEY_BYTES:
        raise ValueError(f"the subject key has {len(subject_key)} bytes; 32 were needed")
    return HMAC(subject_key, SHA256())
