"""The frozen vectors: a red test here means that stored data would no longer be found."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from pseudonymizer.derive import aref, dek, pid, pid_bytes
from pseudonymizer.encoding import enc
from pseudonymizer.keyring import Keyring
from pseudonymizer.seal import Place, SealingKey, open_sealed
from tests.vectors.identified import VECTORS
from tests.vectors.make_identified_vectors import fixed_provider, material, vectors

SUBJECT_KEY = material("subject")


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(fixed_provider(tmp_path))


def test_every_vector_is_as_frozen(keyring: Keyring) -> None:
    frozen = {name: value for name, value in VECTORS.items() if name != "sealed"}
    assert vectors(keyring) == frozen


def test_a_value_sealed_when_the_vectors_were_made_still_opens() -> None:
    key = SealingKey("dek:sealed", 1, material("dek"))
    place = Place("vault.identifier", "sealed", material("row"))
    opened = open_sealed(key, bytes.fromhex(VECTORS["sealed"]["hex"]), place)
    assert opened.decode() == VECTORS["sealed"]["opens_to"]


def test_a_pseudonym_is_the_first_block_of_hkdf_expand() -> None:
    block = HKDFExpand(SHA256(), 32, enc("pid/v1", "marketing", 0)).derive(SUBJECT_KEY)
    raw = bytearray(block[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
    assert pid(SUBJECT_KEY, "marketing") == UUID(bytes=bytes(raw))


def test_field_keys_and_audit_references_are_hkdf_expand_too() -> None:
    def expand(info: bytes) -> bytes:
        return HKDFExpand(SHA256(), 32, info).derive(SUBJECT_KEY)

    assert dek(SUBJECT_KEY, "field", 3) == expand(enc("dek/v1", "field", 3))
    assert aref(SUBJECT_KEY) == expand(enc("aref/v1")).hex()


def test_blind_indexes_and_marks_are_hmac_under_keys_of_their_own(keyring: Keyring) -> None:
    expected = hmac.digest(material("idx"), enc("idx/v1", "email", "ada@example.org"), "sha256")
    assert keyring.blind_index("email", "ada@example.org") == expected
    expected = hmac.digest(material("sup"), enc("sup/v1", "email", "ada@example.org"), "sha256")
    assert keyring.tombstone_mark("email", "ada@example.org") == expected


def test_a_mark_is_nested_by_the_mac_of_itself(keyring: Keyring) -> None:
    (mark,) = keyring.tombstone_marks([("email", "ada@example.org")])
    expected = hmac.digest(material("sup"), enc("sup/nested/v1", mark), "sha256")
    assert keyring.nest(1, [mark]) == [expected]


def test_a_message_id_is_blake2b_under_a_key_of_its_source_and_domain(keyring: Keyring) -> None:
    key = hmac.digest(material("mid"), enc("mid/v2", 7, "marketing"), "sha256")
    expected = hashlib.blake2b(b"m-1", key=key, digest_size=8).digest()
    ids = keyring.message_ids(1)
    assert ids(7, "marketing", "m-1") == int.from_bytes(expected, "big", signed=True)
    assert len({ids(7, "marketing", "m-1"), ids(7, "measurement", "m-1")}) == 2


def test_an_id_of_before_there_were_domains_is_made_as_it_was(keyring: Keyring) -> None:
    key = hmac.digest(material("mid"), enc("mid/v1", 7), "sha256")
    expected = hashlib.blake2b(b"m-1", key=key, digest_size=8).digest()
    plain = keyring.message_ids(1, by_domain=False)
    assert plain(7, "marketing", "m-1") == int.from_bytes(expected, "big", signed=True)


def test_pseudonyms_are_uuids_of_version_8_and_differ_by_domain_and_epoch() -> None:
    made = {pid(SUBJECT_KEY, domain, epoch) for domain in ("a", "b") for epoch in range(50)}
    assert len(made) == 100
    assert {(each.version, each.variant) for each in made} == {(8, "specified in RFC 4122")}


def test_pseudonyms_of_one_subject_share_no_more_bits_than_chance() -> None:
    differing = 0
    for number in range(400):
        one, other = pid_bytes(material(str(number)), ("marketing", "measurement"))
        differing += (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
    # 122 free bits a pair: 24 400 expected, standard deviation 110; five of them either way.
    assert abs(differing - 24_400) < 550


def test_a_subject_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 were needed"):
        pid(b"short", "marketing")
