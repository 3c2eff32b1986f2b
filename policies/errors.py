"""What can be wrong, and what to do about it: the root of every error raised on purpose.

A message has the form *what is so; what was needed*.  It may name rules, purposes, fields,
lengths and counts; it never contains a value that came from outside, an identifier or a key.
Each side declares its own family of errors in its own ``errors.py``, on top of these.
"""

from __future__ import annotations

from typing import ClassVar


class ParaventError(Exception):
    """Base of every error this product raises on purpose."""

    code: ClassVar[str] = "internal"
    remedy: ClassVar[str] = "Open an issue with the request id."


class RulebookInvalid(ParaventError):
    """A rulebook file says something that cannot be obeyed.

    Attributes:
        file: path inside the rulebook folder, such as ``purposes.yaml``.
        line: 1-based line the fault was found at; 0 when the file itself is at fault.
        key: dotted path of the key, such as ``purposes.advertising.retention``.
        what: the fault, in the form *what is so; what was needed*.
        advice: what to write instead.
    """

    code = "rulebook-invalid"
    remedy = "Correct the named line, then run `paravent policy check`."

    def __init__(self, what: str, *, file: str, line: int, key: str, advice: str) -> None:
        super().__init__(f"{file}:{line}: {key or '(file)'}: {what}. Remedy: {advice}")
        self.file = file
        self.line = line
        self.key = key
        self.what = what
        self.advice = advice


class ConsentMissing(ParaventError):
    """No consent record covers this purpose at the time of the event."""

    code = "consent-missing"
    remedy = "Record a consent for this purpose, then send the event again."


class PurposeUnknown(ParaventError):
    """The purpose is not declared in the rulebook."""

    code = "purpose-unknown"
    remedy = "Declare the purpose in purposes.yaml, or use one that is declared there."


class SourceUnknown(ParaventError):
    """The write key belongs to no enabled source."""

    code = "source-unknown"
    remedy = "Send the write key that `paravent sources add` printed."


class KeyDestroyed(ParaventError):
    """The key, or this version of it, no longer exists; what it sealed stays sealed."""

    code = "key-destroyed"
    remedy = "Nothing can open this any more; that is the purpose of destroying a key."


class KeyUnavailable(ParaventError):
    """The key service does not answer, or refuses."""

    code = "key-unavailable"
    remedy = "Check the key service, then send the request again."


class VaultUnavailable(ParaventError):
    """The vault database does not answer."""

    code = "vault-unavailable"
    remedy = "Check the vault database, then send the request again; nothing was kept."


class StoreUnavailable(ParaventError):
    """The store database does not answer."""

    code = "store-unavailable"
    remedy = "Check the store database, then send the request again; nothing was kept."


class DatabaseShared(ParaventError):
    """One database is named for both the vault and the store.

    Whoever restores, copies or owns that database would hold who somebody is and what they did.
    """

    code = "database-shared"
    remedy = "Name a database of its own in PARAVENT_STORE_DSN and in PARAVENT_VAULT_DSN."


class AuditUnavailable(ParaventError):
    """The audit log cannot be written, so the act it would have recorded did not happen."""

    code = "audit-unavailable"
    remedy = "Check the store database and the grants of `paravent migrate`, then try again."


class AuditRecordInvalid(ParaventError):
    """An audit record holds something the log must not, or cannot, carry."""

    code = "audit-record-invalid"
    remedy = "Log an action as object:verb with string, integer or boolean fields only."


class CheckpointInvalid(ParaventError):
    """A checkpoint is not a signed note of the expected form."""

    code = "checkpoint-invalid"
    remedy = "Fetch the checkpoint again; if it stays so, compare with a copy kept elsewhere."


class ProofImpossible(ParaventError):
    """A proof was asked for a tree that does not hold the entry or the size."""

    code = "proof-impossible"
    remedy = "Ask for an entry inside the tree, and for an older size first."
