"""What does a completed erasure prove, and how is the proof checked?

Pure but for the signature, which is asked of the key provider by the caller.  A receipt is
canonical JSON with an Ed25519 signature over an injective, domain-separated encoding.  Since its
second version that holds the SHA-256 of the document: some signers take a short text only, and a
receipt grows with the person's identities.  Its ``schema_v`` says which; it names
counts, keys and dates and no identifier, pseudonym or reference of the person (R-62).
"""

import base64
import hashlib
import json
import struct
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.rights.errors import ReceiptInvalid

SCHEMA_VERSION: Final = 2
SIGNER: Final = "sign-receipt"
_KEY_LABEL: Final = b"paravent/erasure-receipt/v1"  # so that a key keeps its name
_SIGNATURE_BYTES: Final = 64
_FIELDS: Final = frozenset(
    {
        "schema_v",
        "receipt_id",
        "dsr_id",
        "controller",
        "completed_at",
        "scope",
        "per_store",
        "key_ids_destroyed",
        "backup_bound_date",
        "recipients",
        "exceptions",
        "scan_hash",
        "audit_checkpoint",
        "meaning",
    }
)
MEANING: Final = (
    "Live rows are gone. No process, operator or key of this installation can attribute what "
    "remains in the live rows of its databases to the person, recompute the pseudonyms or act on "
    "them. A backup of the vault made before completed_at, and its log of changes and dead rows "
    "until they are recycled, keep the ability until backup_bound_date, if no copy of the keys is "
    "kept for longer than that date counts on; while it is null, until they or the version of the "
    "wrapping key they need are destroyed. A keyed mark remains so that the person does not come "
    "back."
)


@dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """Everything the receipt states.

    Attributes:
        per_store: rows deleted, by database and table.
        backup_bound_on: when the wrapping key's version will have been destroyed on schedule, and
            copies of it are gone; ``None`` while no schedule is in force, since a date nobody keeps
            is no proof.
        key_ids_destroyed: random ids of the keys, never derived from the person.
        recipients: id and status of everyone who was told.
        exceptions: Article 17(3) grounds on which something was kept.
        audit_checkpoint: the signed note that covers the entries of this erasure.
    """

    receipt_id: uuid.UUID
    case_id: uuid.UUID
    controller: str
    completed_at: datetime
    scope: str
    per_store: Mapping[str, Mapping[str, int]]
    key_ids_destroyed: Sequence[str]
    scan_hash: str
    audit_checkpoint: str
    backup_bound_on: date | None = None
    recipients: Sequence[Mapping[str, str]] = field(default=())
    exceptions: Sequence[str] = field(default=())


def statement(outcome: ErasureOutcome) -> dict[str, Any]:
    """Give the unsigned receipt."""
    bound = outcome.backup_bound_on
    return {
        "schema_v": SCHEMA_VERSION,
        "receipt_id": str(outcome.receipt_id),
        "dsr_id": str(outcome.case_id),
        "controller": outcome.controller,
        "completed_at": outcome.completed_at.isoformat(),
        "scope": outcome.scope,
        "per_store": {store: dict(rows) for store, rows in outcome.per_store.items()},
        "key_ids_destroyed": list(outcome.key_ids_destroyed),
        "backup_bound_date": None if bound is None else bound.isoformat(),
        "recipients": [dict(recipient) for recipient in outcome.recipients],
        "exceptions": list(outcome.exceptions),
        "scan_hash": outcome.scan_hash,
        "audit_checkpoint": outcome.audit_checkpoint,
        "meaning": MEANING,
    }


def canonical(document: Mapping[str, Any]) -> bytes:
    """Give the one byte form of *document*: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def signing_input(document: Mapping[str, Any]) -> bytes:
    """Give the bytes that are signed, each part led by its length (R-121).

    A label and the document in version 1; another label and the document's SHA-256 in version 2.

    Raises:
        ReceiptInvalid: the document names no version that there is.
    """
    found = document.get("schema_v")
    compose = _COMPOSED.get(found) if type(found) is int else None
    if compose is None:
        raise ReceiptInvalid("the receipt is of another version; 1 or 2 was needed")
    parts = compose(canonical(document))
    return b"".join(struct.pack(">Q", len(part)) + part for part in parts)


_COMPOSED: Final[Mapping[int, Callable[[bytes], tuple[bytes, bytes]]]] = MappingProxyType(
    {
        1: lambda whole: (b"paravent/erasure-receipt/v1", whole),
        2: lambda whole: (b"paravent/erasure-receipt/v2", hashlib.sha256(whole).digest()),
    }
)


def sign(
    outcome: ErasureOutcome, signer: Callable[[bytes], bytes], public_key: bytes
) -> dict[str, Any]:
    """Give the signed receipt; *signer* holds the key and gives 64 bytes."""
    document = statement(outcome)
    signature = signer(signing_input(document))
    receipt = document | {
        "signature": {
            "alg": "Ed25519",
            "key_id": key_id(public_key),
            "public_key": base64.b64encode(public_key).decode(),
            "value": base64.b64encode(signature).decode(),
        }
    }
    check(receipt, public_key)  # a receipt that does not check is never handed out
    return receipt


def key_id(public_key: bytes) -> str:
    """Give the short name of a public key."""
    return hashlib.sha256(_KEY_LABEL + b"\x00" + public_key).hexdigest()[:16]


def digest(receipt: Mapping[str, Any]) -> str:
    """Give the receipt's SHA-256 in hex, by which the audit log refers to it."""
    return hashlib.sha256(canonical(receipt)).hexdigest()


def check_by(receipt: Mapping[str, Any], public_keys: Iterable[bytes]) -> None:
    """Check *receipt* with the one of *public_keys* that it names.

    That may be an earlier version than the one that signs today.

    Raises:
        ReceiptInvalid: as ``check``.
    """
    signature = receipt.get("signature")
    named = signature.get("key_id") if isinstance(signature, Mapping) else None
    found = next((key for key in public_keys if key_id(key) == named), None)
    if found is None:
        raise ReceiptInvalid("the receipt is not signed by any of these keys; one was needed")
    check(receipt, found)


def check(receipt: Mapping[str, Any], public_key: bytes) -> None:
    """Check shape and signature of *receipt* with a public key obtained elsewhere.

    The key inside the receipt is for finding the right one, never for trusting it.

    Raises:
        ReceiptInvalid: the shape is not that of this version, or the signature does not match.
    """
    document = {name: value for name, value in receipt.items() if name != "signature"}
    if frozenset(document) != _FIELDS:
        raise ReceiptInvalid("the receipt has other fields than its version names; exactly those")
    signed = signing_input(document)
    signature = receipt.get("signature")
    if not isinstance(signature, Mapping) or signature.get("key_id") != key_id(public_key):
        raise ReceiptInvalid("the receipt is not signed by this key; the issuer's key was needed")
    try:
        value = base64.b64decode(str(signature.get("value")), validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(value, signed)
    except (InvalidSignature, ValueError) as cause:
        raise ReceiptInvalid("the signature does not match the receipt") from cause
