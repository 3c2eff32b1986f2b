"""A receipt proves itself, and any change of it shows."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.rights.errors import ReceiptInvalid
from gateway.rights.receipt import ErasureOutcome, check, digest, sign, statement

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
    assert receipt["schema_v"] == 1
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
