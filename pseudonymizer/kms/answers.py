"""What has AWS KMS said of a key?  Pure: it is as it must be, or counts as none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pseudonymizer.errors import KeyServiceInvalid, KeyUnavailable
from pseudonymizer.key_port import Use
from pseudonymizer.key_table import State, Version

__all__ = ["MADE_AS", "aliases", "blob", "key_id", "public_key", "version"]

MADE_AS: Final[dict[Use, dict[str, str]]] = {
    "mac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "wrap": {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"},
    "sign": {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"},
}
"""How a key is made for each use."""

_STAYS: Final = {"MultiRegion": False, "KeyManager": "CUSTOMER"}
_ORIGINS: Final = {"AWS_KMS", "AWS_CLOUDHSM"}
_STATES: Final[dict[str, State]] = {
    "Enabled": "live",
    "PendingDeletion": "destroyed",
    "PendingReplicaDeletion": "destroyed",
}


def version(answer: dict[str, Any], use: Use, description: str, public: bytes) -> Version:
    """Read what ``DescribeKey`` says of one version.

    Raises:
        KeyServiceInvalid: it is another key than its alias says, or one that could leave.
        KeyUnavailable: the answer makes no sense.
    """
    says = answer.get("KeyMetadata")
    if not isinstance(says, dict) or not isinstance(says.get("KeyState"), str):
        raise KeyUnavailable("the key service does not say what a key is; that was needed")
    for member, needed in MADE_AS[use].items():
        if says.get(member) != needed:
            raise KeyServiceInvalid(f"a key has another {member} than its use asks for")
    if any(says.get(member) != needed for member, needed in _STAYS.items()):
        raise KeyServiceInvalid("a key is in several regions, or not ours; one here was needed")
    if says.get("Origin") not in _ORIGINS:
        raise KeyServiceInvalid("a key was brought in from outside; one made there was needed")
    if says.get("Description") != description:
        # Whoever may change aliases could have one key stand in for another.
        raise KeyServiceInvalid("an alias leads to another key; the one made for it was needed")
    state = _STATES.get(says["KeyState"], "withheld")
    return Version(state, _instant(says.get("CreationDate")), _text(says, "KeyId"), public)


def aliases(answer: dict[str, Any]) -> tuple[list[tuple[str, str]], str]:
    """Read a part of the list of aliases: each with its key, and where the next part begins.

    Raises:
        KeyUnavailable: it is none.  Taken for an empty list, it would have keys made anew.
    """
    listed, more = answer.get("Aliases"), answer.get("Truncated")
    if not isinstance(listed, list) or not isinstance(more, bool):
        raise KeyUnavailable("the key service's list of keys makes no sense; one was needed")
    # Those of AWS's own keys lead nowhere until they are used.
    found = [(_text(one, "AliasName"), one["TargetKeyId"]) for one in listed if _leads(one)]
    return found, _text(answer, "NextMarker") if more else ""


def key_id(answer: dict[str, Any], wanted: str, member: str = "KeyId") -> None:
    """Refuse what another key computed; AWS names it by its ARN, which ends in the id.

    Raises:
        KeyUnavailable: it was another one.
    """
    if _text(answer, member).rpartition("/")[2] != wanted:
        raise KeyUnavailable("the key service used another key; the one named was needed")


def blob(answer: dict[str, Any], member: str) -> bytes:
    """Read bytes.

    Raises:
        KeyUnavailable: there are none.
    """
    value = answer.get(member)
    if not isinstance(value, bytes) or not value:
        raise KeyUnavailable("the key service's answer lacks its result; one was needed")
    return value


def public_key(answer: dict[str, Any]) -> bytes:
    """Read the public half of a signer, 32 bytes.

    Raises:
        KeyUnavailable: it is none of Ed25519.
    """
    try:
        key = load_der_public_key(blob(answer, "PublicKey"))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnavailable("the key service shows no public key of Ed25519; one was needed")
    return key.public_bytes_raw()


def _leads(alias: Any) -> bool:  # noqa: ANN401 -- AWS's JSON, checked right here
    return isinstance(alias, dict) and isinstance(alias.get("TargetKeyId"), str)


def _text(answer: dict[str, Any], member: str) -> str:
    value = answer.get(member)
    if not isinstance(value, str) or not value:
        raise KeyUnavailable("the key service does not say which key it means; that was needed")
    return value


def _instant(value: Any) -> str:  # noqa: ANN401 -- AWS's JSON, checked right here
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise KeyUnavailable("when a version was made cannot be read; an instant was needed")
    return value.astimezone(UTC).isoformat(timespec="seconds")
