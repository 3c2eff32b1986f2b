"""What of a key service's answers can be held against something?  Pure, and every driver's."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pseudonymizer.errors import EnvelopeInvalid, KeyUnavailable
from pseudonymizer.seal import Envelope

__all__ = ["refuse_unsigned", "taken_apart"]


def taken_apart(wrapped: bytes, made_by: tuple[int, str, int], shortest: int) -> Envelope:
    """Take an envelope apart, before anybody is asked to open it.

    Args:
        wrapped: the stored form.
        made_by: the algorithm, the key and the version that it has to name.
        shortest: bytes of ciphertext that there are at least.

    Raises:
        EnvelopeInvalid: it is none, or names another key.
    """
    envelope = Envelope.from_bytes(wrapped)
    named = (envelope.algorithm, envelope.key_id, envelope.key_version)
    if named != made_by or len(envelope.ciphertext) < shortest:
        raise EnvelopeInvalid("the envelope names another key; the key of its own row was needed")
    return envelope


def refuse_unsigned(public: bytes, signature: bytes, data: bytes) -> None:
    """Hold a signature against the public key: a receipt that does not verify proves nothing.

    Raises:
        KeyUnavailable: it does not hold.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        raise KeyUnavailable("the signature does not hold; one by our key was needed") from None
