"""What the key service says of a key is believed as a whole, if it makes sense, or not at all."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from pseudonymizer.errors import KeyServiceInvalid, KeyUnavailable
from pseudonymizer.key_port import Use
from pseudonymizer.transit.answers import Seen, seen

PUBLIC = b"p" * 32


def said(use: Use, **members: Any) -> dict[str, Any]:
    """Give what OpenBao 2.7 says of a key of three versions, the first of which was destroyed."""
    kinds: dict[Use, dict[str, Any]] = {
        "mac": {"type": "hmac", "key_size": 32, "derived": False},
        "wrap": {
            "type": "aes256-gcm96",
            "derived": True,
            "keys": {"2": 1796056235, "3": 1796056300},
        },
        "sign": {
            "type": "ed25519",
            "derived": False,
            "keys": {number: signer() for number in ("2", "3")},
        },
    }
    return kinds[use] | {
        "allow_plaintext_backup": False,
        "auto_rotate_period": 0,
        "deletion_allowed": False,
        "exportable": False,
        "latest_version": 3,
        "min_available_version": 2,
        "min_decryption_version": 2,
        "min_encryption_version": 2,
        **members,
    }  # fmt: skip


def signer(**members: Any) -> dict[str, Any]:
    return {
        "creation_time": "2026-11-30T16:30:35.745273296Z",
        "name": "ed25519",
        "public_key": b64encode(PUBLIC).decode(),
        **members,
    }


def test_what_makes_sense_is_read() -> None:
    assert seen(said("mac"), "mac") == Seen(3, 2, 2, 2, {}, {})
    made = {2: "2026-11-30T16:30:35+00:00", 3: "2026-11-30T16:31:40+00:00"}
    assert seen(said("wrap"), "wrap").made == made
    read = seen(said("sign"), "sign")
    assert read.public == {2: PUBLIC, 3: PUBLIC}
    assert read.made[3] == "2026-11-30T16:30:35+00:00"


def test_a_key_nobody_has_changed_has_its_first_version() -> None:
    fresh = said("mac", latest_version=1, min_available_version=0, min_decryption_version=1)
    assert seen(fresh | {"min_encryption_version": 0}, "mac") == Seen(1, 1, 1, 0, {}, {})


@pytest.mark.parametrize(
    "members",
    [
        {"latest_version": 0},
        {"latest_version": 1},
        {"latest_version": -3},
        {"latest_version": "3"},
        {"latest_version": 3.0},
        {"latest_version": True},
        {"latest_version": None},
        {"latest_version": 2**31},
        {"min_decryption_version": 4},
        {"min_decryption_version": 1},
        {"min_available_version": 3},
        {"min_encryption_version": None},
        {"keys": []},
        {"keys": {"two": 1796056235}},
        {"keys": {"-2": 1796056235}},
        {"keys": {"2": None}},
        {"keys": {"2": 10**30}},
        {"keys": {"2": "yesterday"}},
        {"type": None},
    ],
)
def test_what_makes_no_sense_is_no_answer(members: dict[str, Any]) -> None:
    with pytest.raises(KeyUnavailable):
        seen(said("wrap", **members), "wrap")


@pytest.mark.parametrize(
    "member",
    [
        "type", "exportable", "allow_plaintext_backup", "latest_version", "min_available_version",
        "min_decryption_version", "min_encryption_version",
    ],
)  # fmt: skip
def test_what_is_not_said_is_not_assumed(member: str) -> None:
    answer = said("wrap")
    del answer[member]
    with pytest.raises(KeyUnavailable):
        seen(answer, "wrap")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        signer(public_key="AAAA"),
        signer(public_key=None),
        signer(public_key="!" * 44),
        signer(creation_time="yesterday"),
        signer(creation_time=None),
        7,
    ],
)
def test_a_signer_without_a_public_key_is_none(entry: Any) -> None:
    with pytest.raises(KeyUnavailable):
        seen(said("sign", keys={"3": entry}), "sign")


@pytest.mark.parametrize(
    ("use", "members"),
    [
        ("mac", {"type": "aes256-gcm96"}),
        ("mac", {"key_size": 16}),
        ("wrap", {"derived": False}),
        ("wrap", {"type": "chacha20-poly1305"}),
        ("sign", {"type": "ecdsa-p256"}),
        ("sign", {"derived": True}),
        ("mac", {"exportable": True}),
        ("mac", {"exportable": None}),
        ("wrap", {"allow_plaintext_backup": True}),
        ("mac", {"auto_rotate_period": 86_400}),
    ],
)
def test_a_key_that_is_not_as_it_must_is_refused(use: Use, members: dict[str, Any]) -> None:
    with pytest.raises(KeyServiceInvalid):
        seen(said(use, **members), use)
