"""How is a value sealed so that it opens only in its own row, under its own key?

Envelope, format 1 (R-122)::

    format 1 B | algorithm 1 B | length of key id 1 B | key id
    | key version 4 B | nonce 12 B | ciphertext

The algorithm is the one of the caller's key; the envelope's is only compared with it.  Format,
algorithm, key id and version go into the associated data with the table, column and row, since
AES-GCM-SIV does not commit to its key: an envelope moved anywhere else does not open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from os import urandom
from struct import Struct
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from pseudonymizer.encoding import enc_head, enc_part
from pseudonymizer.errors import EnvelopeInvalid

__all__ = [
    "AES_256_GCM_SIV",
    "Envelope",
    "Place",
    "SealingKey",
    "open_sealed",
    "pad",
    "seal",
    "unpad",
]

FORMAT: Final = 1
AES_256_GCM_SIV: Final = 1
NONCE_BYTES: Final = 12
PAD_TO: Final = 64  # bytes; the length of an address would narrow it down otherwise

_VERSION = Struct(">I")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives; it opens nowhere else."""

    table: str
    column: str
    row: bytes | str | int


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed value, taken apart; nothing in it is secret."""

    algorithm: int
    key_id: str
    key_version: int
    nonce: bytes
    ciphertext: bytes

    def to_bytes(self) -> bytes:
        """Give the stored form."""
        name = self.key_id.encode()
        head = bytes((FORMAT, self.algorithm, len(name)))
        return head + name + _VERSION.pack(self.key_version) + self.nonce + self.ciphertext

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Take the stored form apart; raise ``EnvelopeInvalid`` for any other format."""
        if len(raw) < 3 or raw[0] != FORMAT:
            raise EnvelopeInvalid("the envelope has an unknown format; format 1 was needed")
        name_end = 3 + raw[2]
        body = name_end + _VERSION.size + NONCE_BYTES
        if len(raw) < body:
            raise EnvelopeInvalid("the envelope is cut short; a nonce and a ciphertext were needed")
        try:
            key_id = raw[3:name_end].decode()
        except UnicodeDecodeError:
            raise EnvelopeInvalid("the envelope's key id is not text; UTF-8 was needed") from None
        (version,) = _VERSION.unpack_from(raw, name_end)
        return cls(raw[1], key_id, version, raw[name_end + 4 : body], raw[body:])


@dataclass(frozen=True, slots=True, repr=False)
class SealingKey:
    """One version of a 256-bit key and the name it goes by in envelopes."""

    key_id: str
    version: int
    material: bytes
    algorithm: int = AES_256_GCM_SIV
    cipher: AESGCMSIV = field(init=False)
    head: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cipher", AESGCMSIV(self.material))
        empty = Envelope(self.algorithm, self.key_id, self.version, b"", b"")
        object.__setattr__(self, "head", empty.to_bytes())

    def __repr__(self) -> str:
        return f"SealingKey({self.key_id!r}, {self.version})"


def seal(key: SealingKey, plaintext: bytes, place: Place) -> bytes:
    """Seal *plaintext* for *place*; give the stored form."""
    nonce = urandom(NONCE_BYTES)
    return key.head + nonce + key.cipher.encrypt(nonce, plaintext, _bound_to(key, place))


def open_sealed(key: SealingKey, raw: bytes, place: Place) -> bytes:
    """Open what *key* sealed for *place*.

    Raises:
        EnvelopeInvalid: made under another key, algorithm or version, for another place, or
            altered.  No other key is tried: trying keys in turn would be a partitioning oracle.
    """
    if not raw.startswith(key.head) or len(raw) < len(key.head) + NONCE_BYTES:
        Envelope.from_bytes(raw)  # says what is wrong, if it is no envelope at all
        raise EnvelopeInvalid("the envelope names another key; the key of its own row was needed")
    body = len(key.head) + NONCE_BYTES
    try:
        return key.cipher.decrypt(raw[len(key.head) : body], raw[body:], _bound_to(key, place))
    except InvalidTag:
        raise EnvelopeInvalid("the envelope does not open here; it was altered or moved") from None


def pad(text: str) -> bytes:
    """Give *text* as UTF-8, its length in front, filled with zeros to a multiple of 64 bytes."""
    raw = text.encode()
    body = _VERSION.pack(len(raw)) + raw
    return body + bytes(-len(body) % PAD_TO)


def unpad(padded: bytes) -> str:
    """Give back the text that ``pad`` filled up."""
    if len(padded) < _VERSION.size:
        raise EnvelopeInvalid("the sealed text is cut short; its length was needed in front")
    (length,) = _VERSION.unpack_from(padded)
    if length > len(padded) - _VERSION.size:
        raise EnvelopeInvalid("the sealed text is shorter than it says; all of it was needed")
    return padded[_VERSION.size : _VERSION.size + length].decode()


def _bound_to(key: SealingKey, place: Place) -> bytes:
    return _bound_to_column(key.head, place.table, place.column) + enc_part(place.row)


@lru_cache(maxsize=16_384)
def _bound_to_column(head: bytes, table: str, column: str) -> bytes:
    """Give all but the last part: the same for every row, and dearer to encode than to seal."""
    return enc_head(5) + b"".join(
        (enc_part("seal/v1"), enc_part(head), enc_part(table), enc_part(column))
    )
