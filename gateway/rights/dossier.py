"""What does a case remember between its steps, and who can read it?

A dossier holds the identifiers of the request, the pseudonyms and blind indexes found, and the
counts for the receipt.  It lies in the case sealed under a key of its own, which is wrapped by
the vault's key hierarchy, and is deleted when the case closes.  The access report is sealed the
same way and lives thirty days.
"""

import json
import os
import uuid
from dataclasses import asdict, dataclass, field
from struct import Struct
from typing import Any, Final, Self

from pseudonymizer.errors import EnvelopeInvalid
from pseudonymizer.keyring import Keyring
from pseudonymizer.seal import Place, SealingKey, open_sealed, seal

_TABLE: Final = "rights.case"
_KEY_ID: Final = "case"
_KEY_BYTES: Final = 32
_HEAD: Final = Struct(">IH")  # version of the wrapping key, length of the wrapped key


@dataclass(slots=True)
class Dossier:
    """The working memory of one case.  Bytes are kept as hex, so that it is plain JSON.

    Attributes:
        claimed: (kind, value) as the requester gave them.
        identifiers: (kind, canonical form) of everything known to be theirs.
        pids: (domain, pseudonym) of every subject of the closure.
        indexes: blind indexes their identifiers had.
        surrogates: the store's numbers of the pseudonyms.
        deleted: rows deleted, by database and table.
        keys: random ids of the keys destroyed.
        arefs: the subjects' names in the audit log, so that the last entries still name them.
        tombstones: how many marks keep the person from coming back.
        recipients: id and status of everyone to be told.
        scan_hash: SHA-256 of the scan's report.
        completed_at: when all but the receipt was done, as ISO 8601.
    """

    claimed: list[tuple[str, str]] = field(default_factory=list)
    identifiers: list[tuple[str, str]] = field(default_factory=list)
    pids: list[tuple[str, str]] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    surrogates: list[int] = field(default_factory=list)
    deleted: dict[str, dict[str, int]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    arefs: list[str] = field(default_factory=list)
    tombstones: int = 0
    recipients: list[dict[str, str]] = field(default_factory=list)
    scan_hash: str = ""
    completed_at: str = ""

    def __repr__(self) -> str:
        return f"Dossier({len(self.identifiers)} identifiers, {len(self.pids)} pseudonyms)"

    def count(self, database: str, table: str, rows: int) -> None:
        """Add *rows* deleted; a step that runs twice adds what the second run still found."""
        tables = self.deleted.setdefault(database, {})
        tables[table] = tables.get(table, 0) + rows

    def pid_bytes(self) -> list[bytes]:
        """Give the pseudonyms, 16 bytes each."""
        return [bytes.fromhex(pid) for _, pid in self.pids]

    def index_bytes(self) -> list[bytes]:
        """Give the blind indexes, 32 bytes each."""
        return [bytes.fromhex(index) for index in self.indexes]

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Give the dossier that was written as JSON."""
        dossier = cls(**document)
        dossier.claimed = [(kind, value) for kind, value in dossier.claimed]
        dossier.identifiers = [(kind, value) for kind, value in dossier.identifiers]
        dossier.pids = [(domain, pid) for domain, pid in dossier.pids]
        return dossier


def seal_dossier(keyring: Keyring, case: uuid.UUID, dossier: Dossier) -> bytes:
    """Give the sealed form of *dossier* for this case."""
    return seal_document(keyring, case, "sealed_identifiers", asdict(dossier))


def open_dossier(keyring: Keyring, case: uuid.UUID, sealed: bytes | None) -> Dossier:
    """Open a case's dossier; an absent one is empty."""
    if sealed is None:
        return Dossier()
    return Dossier.parse(open_document(keyring, case, "sealed_identifiers", sealed))


def seal_document(
    keyring: Keyring, case: uuid.UUID, column: str, document: dict[str, Any]
) -> bytes:
    """Seal *document* for one column of one case under a fresh key, itself wrapped."""
    keyring.reload()  # a process that has been idle may know only of a version that has ended
    material = os.urandom(_KEY_BYTES)
    version, wrapped = keyring.wrap(_TABLE, case.bytes, material)
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    sealed = seal(SealingKey(_KEY_ID, 1, material), body, Place(_TABLE, column, case.bytes))
    return _HEAD.pack(version, len(wrapped)) + wrapped + sealed


def rewrapped(keyring: Keyring, case: uuid.UUID, sealed: bytes) -> bytes:
    """Give a sealed document with its key wrapped by the newest version; the rest stays."""
    version, length = _HEAD.unpack_from(sealed)
    start = _HEAD.size + length
    newest, wrapped = keyring.rewrap(_TABLE, case.bytes, version, sealed[_HEAD.size : start])
    return _HEAD.pack(newest, len(wrapped)) + wrapped + sealed[start:]


def open_document(keyring: Keyring, case: uuid.UUID, column: str, sealed: bytes) -> dict[str, Any]:
    """Open what ``seal_document`` sealed for the same column of the same case.

    Raises:
        EnvelopeInvalid: it was altered or moved.
        KeyDestroyed: the wrapping key is gone, and the document with it.
    """
    if len(sealed) < _HEAD.size:
        raise EnvelopeInvalid("the sealed document is cut short; its key was needed in front")
    version, length = _HEAD.unpack_from(sealed)
    start = _HEAD.size + length
    material = keyring.unwrap(_TABLE, case.bytes, version, sealed[_HEAD.size : start])
    place = Place(_TABLE, column, case.bytes)
    body = open_sealed(SealingKey(_KEY_ID, 1, material), sealed[start:], place)
    document: dict[str, Any] = json.loads(body)
    return document
