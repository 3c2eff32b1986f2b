"""What is opened away from the server: a seal in a file, and what the officer releases of it.

Pure, but for the key.  Nothing here needs an installation, so that the private key need not go
where one is.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.quarantine.binding import Binding
from gateway.quarantine.document import Document, read, without
from gateway.quarantine.errors import (
    FieldNeeded,
    FieldUnknown,
    OfficerKeyWrong,
    QuarantineAltered,
    TakenInvalid,
)
from policies.vocabulary import Suspicion
from pseudonymizer.errors import EnvelopeInvalid
from pseudonymizer.public_seal import key_id, open_private, public_bytes
from workers.store.quarantine import Waiting

FORMAT: Final = "paravent-quarantine-sealed/1"


class Taken(NamedTuple):
    """One event as it is sealed, and what the seal is bound to."""

    binding: Binding
    sealed: bytes

    def document(self) -> dict[str, object]:
        """Give it for a file; nothing in it says what is sealed."""
        sealed = base64.b64encode(self.sealed).decode()
        return {"format": FORMAT, "binding": list(self.binding), "sealed": sealed}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    binding: Binding
    sealed: bytes


def read_taken(content: bytes) -> Taken:
    """Read what ``Taken.document`` wrote.

    Raises:
        TakenInvalid: it is something else.
    """
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        file = None
    if file is None or file.format != FORMAT:
        raise TakenInvalid("the file holds no event that was taken from quarantine")
    return Taken(file.binding, file.sealed)


def read_released(content: bytes) -> Document:
    """Read an event that the officer released into a file.

    Raises:
        TakenInvalid: it is something else.
    """
    try:
        return read(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise TakenInvalid("the file holds no event that was released") from None


def binding_of(row: Waiting) -> Binding:
    """Give what the seal in *row* has to be bound to."""
    return Binding(
        row.id, row.subject, row.mid, row.source, row.rulebook, row.event, row.reason,
        row.set_aside_us, row.expires_us, row.key_id,
    )  # fmt: skip


def refuse_other_key(sealed_for: str, private: X25519PrivateKey) -> None:
    """Refuse a key that cannot open it, before anything is tried.

    Raises:
        OfficerKeyWrong: it was sealed for another.
    """
    if sealed_for != key_id(public_bytes(private)):
        raise OfficerKeyWrong("the event was sealed for another key than this one")


def opened(binding: Binding, sealed: bytes, private: X25519PrivateKey) -> Document:
    """Open what is *sealed*, if it is bound to *binding*.

    Raises:
        OfficerKeyWrong: it was sealed for another key.
        QuarantineAltered: it was altered, or belongs to another row.
    """
    refuse_other_key(binding.key_id, private)
    try:
        return read(open_private(sealed, private, binding.to_bytes()))
    except (EnvelopeInvalid, msgspec.MsgspecError, ValueError):
        raise QuarantineAltered("the row does not open; it is not as it was sealed") from None


def released(reason: str, document: Document, drop: Sequence[str]) -> Document:
    """Give *document* without the fields at *drop*.

    Raises:
        FieldNeeded: it has a social-security number, and no field is to be dropped.
        FieldUnknown: it has no such field.
    """
    if reason == Suspicion.SOCIAL_SECURITY_NUMBER and not drop:
        raise FieldNeeded("the event holds a social-security number; a field to drop was needed")
    if not all(without(document, path) for path in drop):
        raise FieldUnknown("the event lacks a field that is to be dropped; nothing was stored")
    return document
