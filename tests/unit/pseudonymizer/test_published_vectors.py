"""What we compute with computes what RFC 4231, 5869, 8032, 8452 and 9180 say it should.

The other frozen vectors are our own: they show that nothing has changed.  These show that it was
right to begin with.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from pseudonymizer import derive
from pseudonymizer.key_file import KeyRecord, VersionRecord, write_keys
from pseudonymizer.key_providers import USES, FileKeyProvider
from pseudonymizer.public_seal import open_private, padded, public_bytes
from pseudonymizer.seal import SealingKey
from tests.vectors.make_identified_vectors import MADE_AT
from tests.vectors.published import Vector, read, vectors

HMACS = list(vectors("HMAC/rfc-4231-sha256.txt", last="MD"))
EXPANDED = [
    vector for path in ("KDF/rfc-5869-HKDF-SHA256.txt",)
    for vector in vectors(path, last="OKM")
]  # fmt: skip
SEALED = [
    vector for vector in vectors("ciphers/AES/GCM-SIV/openssl.txt", last="Ciphertext")
    if len(vector["Key"]) == 64
]  # fmt: skip
SIGNED = [
    line.split(":")[:4] for line in read("asymmetric/Ed25519/sign.input").splitlines() if line
]


# Base mode; X25519, HKDF-SHA-256 and AES-256-GCM by the numbers of RFC 9180, section 7.
SUITE = {"mode": 0, "kem_id": 0x20, "kdf_id": 1, "aead_id": 2}
SCHEDULES = [
    vector for vector in json.loads(read("HPKE/test-vectors.json"))
    if SUITE.items() <= vector.items()
]  # fmt: skip


def raw(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector.get(name, ""))


def test_the_files_hold_what_is_expected_of_them() -> None:
    counts = len(HMACS), len(EXPANDED), len(SEALED), len(SIGNED), len(SCHEDULES)
    assert counts == (6, 3, 24, 1024, 1)


@pytest.mark.parametrize("vector", HMACS, ids=range(len(HMACS)))
def test_hmac_sha_256_with_a_keyed_context_that_is_copied(vector: Vector) -> None:
    """As blind indexes and marks are made: keyed once, copied for each."""
    keyed = HMAC(raw(vector, "Key"), SHA256())
    context = keyed.copy()
    context.update(raw(vector, "Msg"))
    mac = context.finalize()
    assert mac[: len(raw(vector, "MD"))] == raw(vector, "MD")


@pytest.mark.parametrize("vector", EXPANDED, ids=range(len(EXPANDED)))
def test_hkdf_expand_is_what_pseudonyms_and_keys_are_derived_by(vector: Vector) -> None:
    """Our output is one block; the vectors' begin with it."""
    assert derive._expand(raw(vector, "PRK"), raw(vector, "info")) == raw(vector, "OKM")[:32]


@pytest.mark.parametrize("vector", SEALED, ids=range(len(SEALED)))
def test_aes_256_gcm_siv_is_what_seals(vector: Vector) -> None:
    key = SealingKey("vector", 1, raw(vector, "Key"))
    plaintext, bound = raw(vector, "Plaintext"), raw(vector, "AAD")
    sealed = raw(vector, "Ciphertext") + raw(vector, "Tag")
    assert key.cipher.encrypt(raw(vector, "IV"), plaintext, bound) == sealed
    assert key.cipher.decrypt(raw(vector, "IV"), sealed, bound) == plaintext


def test_ed25519_signs_as_published_and_a_signature_of_another_text_does_not_hold() -> None:
    for secret, public, message, signed in SIGNED:
        text, signature = bytes.fromhex(message), bytes.fromhex(signed)[:64]
        assert Ed25519PrivateKey.from_private_bytes(
            bytes.fromhex(secret)[:32]).sign(text) == signature  # fmt: skip
        verifier = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        verifier.verify(signature, text)
        with pytest.raises(InvalidSignature):
            verifier.verify(signature, text + b"!")


def test_the_provider_s_signers_are_ed25519_as_published(tmp_path: Path) -> None:
    """Keys in a file sign like the published private key they hold."""
    secret, public, message, signed = SIGNED[1023]
    seeds = {"sign-receipt": bytes.fromhex(secret)[:32]}
    keys = {
        name: KeyRecord(use, 1, {1: VersionRecord(MADE_AT, seeds.get(name, sha256(
            name.encode()).digest()))})
        for name, use in USES.items()
    }  # fmt: skip
    write_keys(tmp_path / "keys.json", keys, new=True)
    provider = FileKeyProvider.open(tmp_path / "keys.json", mode="development")
    assert provider.public_keys()["sign-receipt"] == bytes.fromhex(public)
    assert provider.sign("sign-receipt", bytes.fromhex(message)) == bytes.fromhex(signed)[:64]


@pytest.mark.parametrize("vector", SCHEDULES, ids=range(len(SCHEDULES)))
def test_hpke_opens_what_the_published_key_schedule_seals(vector: Vector) -> None:
    """The published key and nonce are those of whoever sealed; only the text is our own.

    The published texts come with associated data, and a case is bound by ``info`` alone.
    """
    private = X25519PrivateKey.from_private_bytes(raw(vector, "skRm"))
    assert public_bytes(private) == raw(vector, "pkRm")
    text = padded(b"difference engine")
    sealed = AESGCM(raw(vector, "key")).encrypt(raw(vector, "base_nonce"), text, b"")
    opened = open_private(raw(vector, "enc") + sealed, private, raw(vector, "info"))
    assert opened == b"difference engine"
