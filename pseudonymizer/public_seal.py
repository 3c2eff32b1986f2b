"""How is something sealed so that nobody here can open it, only the holder of a private key?

HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA-256), HKDF-SHA-256, AES-256-GCM, one message a
key schedule.  What a seal is bound to goes into ``info``: for a single message that is what the
RFC advises (8.1), and it binds as the associated data would.

Base mode says nothing about who sealed: whoever may write the rows can seal something else.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pseudonymizer.errors import EnvelopeInvalid

__all__ = ["LARGEST", "PublicSeal", "TooLarge", "key_id", "open_private", "padded", "public_bytes"]

SMALLEST: Final = 1_024
LARGEST: Final = 65_536  # bytes with the length in front; twice what one event may be
_LENGTH: Final = 4
_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class TooLarge(ValueError):
    """What should be sealed is larger than the largest size there is."""


def padded(plain: bytes) -> bytes:
    """Fill *plain*, its length in front, with zeros to one of seven sizes, each twice the last.

    Raises:
        TooLarge: it does not fit the largest.
    """
    needed = _LENGTH + len(plain)
    if needed > LARGEST:
        raise TooLarge
    size = max(SMALLEST, 1 << (needed - 1).bit_length())
    return len(plain).to_bytes(_LENGTH, "big") + plain + bytes(size - needed)


def key_id(public: bytes) -> str:
    """Give the name a public key goes by: sixteen digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


class PublicSeal:
    """Seals for the holder of one private key."""

    def __init__(self, public: bytes) -> None:
        """Take the 32 bytes of an X25519 public key."""
        self._key = X25519PublicKey.from_public_bytes(public)
        self.key_id = key_id(public)

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Seal *plain*, padded; it opens only with what it was *bound_to*.

        Raises:
            TooLarge: it is larger than anything that is sealed.
            ValueError: no secret can be agreed on with this public key.
        """
        return _SUITE.encrypt(padded(plain), self._key, info=bound_to)


def open_private(sealed: bytes, private: X25519PrivateKey, bound_to: bytes) -> bytes:
    """Open what was sealed for *private*.

    Raises:
        EnvelopeInvalid: it was sealed for another key, bound to something else, or altered.
    """
    try:
        plain = _SUITE.decrypt(sealed, private, info=bound_to)
    except (InvalidTag, ValueError):
        raise EnvelopeInvalid(
            "what is sealed does not open here; it was altered, moved, or sealed for another key"
        ) from None
    length = int.from_bytes(plain[:_LENGTH], "big")
    if length > len(plain) - _LENGTH:
        raise EnvelopeInvalid("what is sealed is shorter than it says; all of it was needed")
    return plain[_LENGTH : _LENGTH + length]


def public_bytes(private: X25519PrivateKey) -> bytes:
    """Give the public half, 32 bytes."""
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
