from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.errors import EnvelopeInvalid
from pseudonymizer.seal import Envelope, Place, SealingKey, open_sealed, pad, seal, unpad

MATERIAL = os.urandom(32)
KEY = SealingKey("dek:sealed", 1, MATERIAL)
HERE = Place("vault.identifier", "sealed", b"row 1")
ADA = b"ada.lovelace@example.org"


def test_what_is_sealed_opens_where_it_was_sealed() -> None:
    assert open_sealed(KEY, seal(KEY, ADA, HERE), HERE) == ADA


def test_the_same_value_sealed_twice_looks_different() -> None:
    assert seal(KEY, ADA, HERE) != seal(KEY, ADA, HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("vault.subject", "sealed", b"row 1"),
        Place("vault.identifier", "sealed_mark", b"row 1"),
        Place("vault.identifier", "sealed", b"row 2"),
        Place("vault.identifier", "sealed", "row 1"),
        Place("vault.identifiersealed", "", b"row 1"),
    ],
    ids=["table", "column", "row", "type of row", "border"],
)
def test_a_seal_moved_to_another_place_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(EnvelopeInvalid, match="altered or moved"):
        open_sealed(KEY, seal(KEY, ADA, HERE), elsewhere)


@pytest.mark.parametrize(
    "other",
    [
        SealingKey("dek:other", 1, MATERIAL),
        SealingKey("dek:sealed", 2, MATERIAL),
        SealingKey("dek:sealed", 1, MATERIAL, algorithm=2),
    ],
    ids=["key id", "version", "algorithm"],
)
def test_a_seal_opens_only_under_the_key_that_its_row_names(other: SealingKey) -> None:
    sealed = seal(KEY, ADA, HERE)
    with pytest.raises(EnvelopeInvalid, match="names another key"):
        open_sealed(other, sealed, HERE)
    # Nor does rewriting the envelope's header help: the header is bound into the seal.
    forged = replace(
        Envelope.from_bytes(sealed),
        algorithm=other.algorithm,
        key_id=other.key_id,
        key_version=other.version,
    )
    with pytest.raises(EnvelopeInvalid, match="altered or moved"):
        open_sealed(other, forged.to_bytes(), HERE)


def test_another_key_of_the_same_name_does_not_open() -> None:
    stranger = SealingKey("dek:sealed", 1, os.urandom(32))
    with pytest.raises(EnvelopeInvalid):
        open_sealed(stranger, seal(KEY, ADA, HERE), HERE)


@given(st.data())
def test_a_seal_with_any_bit_flipped_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, ADA, HERE))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EnvelopeInvalid):
        open_sealed(KEY, bytes(sealed), HERE)


@given(st.binary(max_size=80))
def test_arbitrary_bytes_raise_nothing_but_our_own_error(raw: bytes) -> None:
    with pytest.raises(EnvelopeInvalid):
        open_sealed(KEY, raw, HERE)


def test_an_unknown_format_fails_closed() -> None:
    with pytest.raises(EnvelopeInvalid, match="format 1"):
        Envelope.from_bytes(b"\x02" + seal(KEY, ADA, HERE)[1:])


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_padding_comes_off_and_hides_the_length_in_steps_of_64(text: str) -> None:
    padded = pad(text)
    assert unpad(padded) == text
    assert len(padded) % 64 == 0


@pytest.mark.parametrize("raw", [b"", b"\0\0", b"\0\0\0\x09short"])
def test_padding_that_lies_is_refused(raw: bytes) -> None:
    with pytest.raises(EnvelopeInvalid):
        unpad(raw)


def test_a_key_does_not_show_its_material() -> None:
    assert MATERIAL.hex() not in repr(KEY)
    assert repr(MATERIAL)[2:10] not in repr(KEY)
