"""What is sealed for a public key is what RFC 9180 says, opens once bound, and tells no length."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.errors import EnvelopeInvalid
from pseudonymizer.public_seal import (
    LARGEST,
    SMALLEST,
    PublicSeal,
    TooLarge,
    open_private,
    padded,
    public_bytes,
)

PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
SEAL = PublicSeal(public_bytes(PRIVATE))
OVERHEAD = 32 + 16  # the ephemeral key, and the tag
KEM, SUITE = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"


def extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, hashlib.sha256)


def expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    told = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    block = hmac.digest(key, told + b"\x01", hashlib.sha256)
    assert length <= len(block)
    return block[:length]


def opened_by_the_book(sealed: bytes, info: bytes) -> bytes:
    """Open base mode as sections 4.1, 5.1 and 5.2 of the RFC write it, step by step."""
    ephemeral, ciphertext = sealed[:32], sealed[32:]
    shared = PRIVATE.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    context = ephemeral + public_bytes(PRIVATE)
    prk = extract(KEM, b"", b"eae_prk", shared)
    secret = expand(KEM, prk, b"shared_secret", context, 32)
    schedule = b"\x00" + extract(SUITE, b"", b"psk_id_hash", b"")
    schedule += extract(SUITE, b"", b"info_hash", info)
    whole = extract(SUITE, secret, b"secret", b"")
    key = expand(SUITE, whole, b"key", schedule, 32)
    nonce = expand(SUITE, whole, b"base_nonce", schedule, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


@given(st.binary(max_size=3_000), st.binary(max_size=200))
def test_what_is_sealed_opens_and_is_what_the_rfc_says(plain: bytes, bound_to: bytes) -> None:
    sealed = SEAL.seal(plain, bound_to)
    assert open_private(sealed, PRIVATE, bound_to) == plain
    assert opened_by_the_book(sealed, bound_to) == padded(plain)


@given(st.integers(0, LARGEST - 4))
def test_a_length_is_one_of_seven(length: int) -> None:
    size = len(padded(bytes(length)))
    assert size in {SMALLEST << step for step in range(7)}
    assert length + 4 <= size
    assert size == SMALLEST or size < 2 * (length + 4)


def test_what_is_too_large_is_not_sealed() -> None:
    assert len(padded(bytes(LARGEST - 4))) == LARGEST
    with pytest.raises(TooLarge):
        SEAL.seal(bytes(LARGEST - 3), b"")


def test_two_seals_of_one_text_have_nothing_in_common() -> None:
    first, second = SEAL.seal(b"mill", b""), SEAL.seal(b"mill", b"")
    assert len(first) == len(second) == SMALLEST + OVERHEAD
    assert sum(a == b for a, b in zip(first, second, strict=True)) < 40  # 4 by chance


@given(st.integers(0, SMALLEST + OVERHEAD - 1), st.integers(1, 255))
def test_a_changed_byte_opens_nothing(place: int, change: int) -> None:
    sealed = bytearray(SEAL.seal(b"difference engine", b"row 1"))
    sealed[place] ^= change
    # RFC 7748 has the last bit of a public key ignored by whoever computes with it; it still
    # stands in the key schedule as it was sent.
    with pytest.raises(EnvelopeInvalid):
        open_private(bytes(sealed), PRIVATE, b"row 1")


@pytest.mark.parametrize("cut", [0, 10, 32, 47, 100])
def test_a_cut_seal_opens_nothing(cut: int) -> None:
    with pytest.raises(EnvelopeInvalid):
        open_private(SEAL.seal(b"mill", b"")[:cut], PRIVATE, b"")


def test_another_key_or_another_row_opens_nothing() -> None:
    sealed = SEAL.seal(b"mill", b"row 1")
    with pytest.raises(EnvelopeInvalid):
        open_private(sealed, X25519PrivateKey.generate(), b"row 1")
    with pytest.raises(EnvelopeInvalid):
        open_private(sealed, PRIVATE, b"row 2")


def test_a_key_of_small_order_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        PublicSeal(bytes(32)).seal(b"mill", b"")
