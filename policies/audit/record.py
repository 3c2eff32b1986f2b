"""What an audit entry is, to the byte.

An entry's header is canonical JSON: one line, keys in code point order, no blanks, text as UTF-8
without escapes beyond those JSON demands, values restricted to strings, integers and booleans.
Equal records have equal bytes in every language, which is what makes a tree over them provable.

Erasable detail stays outside: the header carries ``commitment``, an HMAC-SHA-256 of the detail
under a random salt.  Deleting detail and salt leaves every proof intact (R-116).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from policies.errors import AuditRecordInvalid

Scalar: TypeAlias = str | int | bool
JsonObject: TypeAlias = Mapping[str, "Scalar | JsonObject"]

SALT_BYTES: Final = 32
# Beyond 2**53 some JSON readers round, and the auditor's reader is not ours to choose (RFC 7493).
LARGEST_INTEGER: Final = 2**53 - 1

_ACTION = re.compile(r"[a-z][a-z0-9_-]{0,39}:[a-z][a-z0-9_-]{0,39}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VALUE_CHARACTERS: Final = 500


def canonical(value: JsonObject) -> bytes:
    """Give the canonical bytes of a JSON object.

    Raises:
        AuditRecordInvalid: a value is a float, a null, a list or an integer beyond 2**53 - 1, or
            a text is not valid Unicode.  The message names the key, never the value.
    """
    _check(value, "")
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except UnicodeEncodeError:
        raise AuditRecordInvalid(
            "a text holds a lone surrogate; valid Unicode was needed"
        ) from None


def _check(value: JsonObject, path: str) -> None:
    for key, item in value.items():
        where = f"{path}{key}"
        if isinstance(item, Mapping):
            _check(item, f"{where}.")
        elif isinstance(item, int) and abs(item) > LARGEST_INTEGER:
            raise AuditRecordInvalid(f"{where} is too large an integer; send it as a string")
        elif not isinstance(item, str | int):
            raise AuditRecordInvalid(f"{where} is neither string, integer nor boolean")


def checked_action(action: str) -> str:
    """Give *action* back when it has the form ``object:verb``, in lower case.

    Raises:
        AuditRecordInvalid: it has another form.
    """
    if not _ACTION.fullmatch(action):
        raise AuditRecordInvalid("the action has another form; object:verb was needed")
    return action


def checked_fields(fields: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Give *fields* back when names are plain and values short; free text has no place here.

    Raises:
        AuditRecordInvalid: a name is not ``lower_case``, or a value exceeds 500 characters.
    """
    for name, value in fields.items():
        if not _NAME.fullmatch(name):
            raise AuditRecordInvalid("a field name is not lower_case; a plain name was needed")
        if isinstance(value, str) and len(value) > _VALUE_CHARACTERS:
            raise AuditRecordInvalid(f"field {name} is too long; at most 500 characters are kept")
    return dict(fields)


def canonical_fields(fields: Mapping[str, Scalar]) -> str:
    """Give the canonical text of an entry's fields, as the appending function takes it."""
    return canonical(checked_fields(fields)).decode()


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry's header.

    Attributes:
        seq: position in the log, the first being 0.
        at: instant of the entry, RFC 3339 in UTC with a ``Z``.
        actor: the database role that appended it.
        action: ``object:verb``.
        subject_ref: the subject's ``aref``; empty when the act concerns nobody.
        fields: names and short values.
        commitment: hex of the commitment to the erasable detail; empty without detail.
    """

    seq: int
    at: str
    actor: str
    action: str
    subject_ref: str = ""
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    commitment: str = ""

    def header(self) -> bytes:
        """Give the canonical bytes the leaf of this entry is made of."""
        return canonical(
            {
                "action": checked_action(self.action),
                "actor": self.actor,
                "at": self.at,
                "commitment": self.commitment,
                "fields": checked_fields(self.fields),
                "seq": self.seq,
                "subject_ref": self.subject_ref,
            }
        )


def commit(salt: bytes, detail: bytes) -> bytes:
    """Give the commitment to *detail* under *salt*, 32 random bytes kept only beside the detail.

    Raises:
        AuditRecordInvalid: the salt has another length; a short one could be guessed.
    """
    if len(salt) != SALT_BYTES:
        raise AuditRecordInvalid(f"the salt has {len(salt)} bytes; {SALT_BYTES} were needed")
    return hmac.new(salt, detail, hashlib.sha256).digest()


def opens(commitment: bytes, salt: bytes, detail: bytes) -> bool:
    """Say whether *salt* and *detail* are what *commitment* commits to."""
    return hmac.compare_digest(commitment, commit(salt, detail))
