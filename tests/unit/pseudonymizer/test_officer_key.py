"""The officer's key file is theirs alone, is never written over, and says what is wrong with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pseudonymizer.officer_key import (
    OfficerKeyExists,
    OfficerKeyInvalid,
    make_officer_key,
    read_officer_key,
)
from pseudonymizer.public_seal import public_bytes


def test_a_pair_is_made_and_read_again(tmp_path: Path) -> None:
    public = make_officer_key(tmp_path / "officer.pem")
    assert public_bytes(read_officer_key(tmp_path / "officer.pem")) == public
    assert stat.S_IMODE((tmp_path / "officer.pem").stat().st_mode) == 0o600
    assert make_officer_key(tmp_path / "other.pem") != public


def test_no_key_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "officer.pem"
    public = make_officer_key(file)
    with pytest.raises(OfficerKeyExists):
        make_officer_key(file)
    assert public_bytes(read_officer_key(file)) == public
    with pytest.raises(OfficerKeyInvalid):
        make_officer_key(tmp_path / "nowhere" / "officer.pem")


def test_a_file_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "officer.pem"
    make_officer_key(file)
    file.chmod(0o640)
    with pytest.raises(OfficerKeyInvalid, match="0600"):
        read_officer_key(file)


def other_kind() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize("content", [b"", b"hush", b"\xff\x00", other_kind()])
def test_what_is_no_such_key_is_refused_without_a_word_of_it(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "officer.pem"
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(OfficerKeyInvalid) as raised:
        read_officer_key(file)
    assert "hush" not in str(raised.value)
    file.unlink()
    with pytest.raises(OfficerKeyInvalid, match="missing"):
        read_officer_key(file)
