"""A receipt proves itself, and any change of it shows."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.rights.errors import ReceiptInvalid
from gateway.rights.receipt import (
    ErasureOutcome,
    canonical,
    check,
    check_by,
    digest,
    key_id,
    sign,
    signing_input,
    statement,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
OUTCOME = ErasureOutcome(
    receipt_id=uuid.UUID(int=1),
    case_id=uuid.UUID(int=2),
    controller="Boutique Exemple",
    completed_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    scope="all",
    per_store={"store": {"store.event": 3}},
    key_ids_destroyed=["subject:1"],
    backup_bound_on=date(2026, 12, 29),
    scan_hash="ab" * 32,
    audit_checkpoint="paravent.example/audit\n3\nAAAA\n",
)


@pytest.fixture
def receipt() -> dict[str, Any]:
    return sign(OUTCOME, KEY.sign, PUBLIC)


def test_a_signed_receipt_checks(receipt: dict[str, Any]) -> None:
    check(receipt, PUBLIC)
    assert receipt["schema_v"] == 2
    assert len(digest(receipt)) == 64


@pytest.mark.parametrize("name", sorted(statement(OUTCOME)))
def test_changing_any_field_breaks_the_receipt(receipt: dict[str, Any], name: str) -> None:
    with pytest.raises(ReceiptInvalid):
        check(receipt | {name: "another"}, PUBLIC)


@pytest.mark.parametrize("change", ["added", "removed"])
def test_a_field_added_or_removed_breaks_the_receipt(receipt: dict[str, Any], change: str) -> None:
    altered = dict(receipt)
    if change == "added":
        altered["note"] = "x"
    else:
        del altered["scope"]
    with pytest.raises(ReceiptInvalid):
        check(altered, PUBLIC)


def test_a_receipt_signed_with_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    forged = sign(OUTCOME, other.sign, other.public_key().public_bytes_raw())
    with pytest.raises(ReceiptInvalid, match="not signed by this key"):
        check(forged, PUBLIC)


def test_a_receipt_that_would_not_check_is_never_issued() -> None:
    with pytest.raises(ReceiptInvalid):
        sign(OUTCOME, lambda _: bytes(64), PUBLIC)


def test_nothing_in_the_signature_is_left_out_or_garbled(receipt: dict[str, Any]) -> None:
    broken = receipt | {"signature": receipt["signature"] | {"value": "not base64 !"}}
    with pytest.raises(ReceiptInvalid, match="does not match"):
        check(broken, PUBLIC)


def enc(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def signed_as(version: object, signed: bytes) -> dict[str, Any]:
    """Give a receipt that says *version*, with a genuine signature over *signed*."""
    return statement(OUTCOME) | {
        "schema_v": version,
        "signature": {
            "alg": "Ed25519",
            "key_id": key_id(PUBLIC),
            "public_key": base64.b64encode(PUBLIC).decode(),
            "value": base64.b64encode(KEY.sign(signed)).decode(),
        },
    }


def said(version: object) -> bytes:
    return canonical(statement(OUTCOME) | {"schema_v": version})


FIRST, SECOND = b"paravent/erasure-receipt/v1", b"paravent/erasure-receipt/v2"


def test_receipts_of_both_versions_check_each_by_its_own_rule() -> None:
    """The first version signed the document itself; these receipts are out there for good."""
    first = signed_as(1, enc(FIRST, said(1)))
    second = signed_as(2, enc(SECOND, hashlib.sha256(said(2)).digest()))
    for each in (first, second):
        check_by(each, [PUBLIC])
    for each in (
        first | {"schema_v": 2},
        second | {"schema_v": 1},
        signed_as(1, enc(SECOND, hashlib.sha256(said(1)).digest())),
        signed_as(2, enc(FIRST, said(2))),
        signed_as(2, enc(FIRST, hashlib.sha256(said(2)).digest())),
    ):
        with pytest.raises(ReceiptInvalid, match="does not match"):
            check_by(each, [PUBLIC])


@pytest.mark.parametrize("version", [0, 3, None, "2", True, 2.0, [2]])
def test_a_version_that_never_was_is_refused(version: object) -> None:
    for label, whole in ((FIRST, said(version)), (SECOND, hashlib.sha256(said(version)).digest())):
        with pytest.raises(ReceiptInvalid, match="another version"):
            check(signed_as(version, enc(label, whole)), PUBLIC)


def test_what_is_signed_is_short_however_many_identities_the_person_had() -> None:
    """AWS signs no more than 4096 bytes."""
    keys = [f"bucket:{number}:v{number}" for number in range(1000)]
    long = dataclasses.replace(OUTCOME, key_ids_destroyed=keys)
    assert len(canonical(statement(long))) > 4096
    assert len(signing_input(statement(long))) == len(signing_input(statement(OUTCOME))) == 75
    check(sign(long, KEY.sign, PUBLIC), PUBLIC)
