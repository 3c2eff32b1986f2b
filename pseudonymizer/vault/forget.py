"""How does the vault forget a person, so that a crash anywhere leaves nothing half done?

Two steps, each one transaction and safe to run again.  ``begin_erasure`` shuts the door: tombstones
for every identifier of everybody in the closure, state ``erasing``, a journal entry.  From its
commit on ingest refuses.  ``destroy_keys`` makes the way back impossible: the subject keys, seals
and blind indexes go, and their buckets get new keys, so that the old wrapped copies in dead rows
and the log of changes open for nobody once the key service forgets the old version (R-52).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from pseudonymizer import tombstones
from pseudonymizer.errors import ErasureUnbegun
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.vault import journal
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import span_in_use
from pseudonymizer.vault.journal import Erasure
from pseudonymizer.vault.keyless import take_keys
from pseudonymizer.vault.mint import open_mark
from pseudonymizer.vault.store import keep_minting_out
from pseudonymizer.vault.subjects import (
    SubjectRow,
    is_nameless,
    lookup_closure,
    names_of,
    subject_keys,
)

__all__ = [
    "Erasure",
    "ErasureRequest",
    "SubjectRow",
    "begin_erasure",
    "begin_nameless",
    "complete_erasure",
    "destroy_keys",
    "lookup_closure",
    "marks_of",
]


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """Who is to be erased, for which case.

    Attributes:
        case_id: the case; the same one again is the same erasure.
        identifiers: kind and canonical form, as the person gave them.  They are tombstoned even
            when nobody is known by them.
        domains: every domain the installation ever used, not the rulebook's only.
        at: when ingest begins to refuse.
        reason: why, in a word, for the tombstone.
    """

    case_id: UUID
    identifiers: tuple[Identifier, ...]
    domains: tuple[str, ...]
    at: datetime
    reason: str = "erasure"


def begin_erasure(vault: Connection, keyring: Keyring, request: ErasureRequest) -> Erasure:
    """Shut the door: tombstones, state ``erasing``, journal.

    Waits for the transactions that are minting or linking, so that nobody slips in between the
    look at who is known and the tombstones' commit.  For a case begun before, gives what was
    recorded then and changes nothing.
    """
    keep_minting_out(vault)
    begun = journal.find(vault, request.case_id)
    if begun is not None:
        return begun
    closure = [row.id for row in lookup_closure(vault, keyring, request.identifiers)]
    return _begin(vault, keyring, request, closure)


def begin_nameless(
    vault: Connection, keyring: Keyring, request: ErasureRequest, subject: int
) -> Erasure | None:
    """Begin the erasure of a subject that no identifier and no link leads to, as nobody asks for.

    For a case begun before, gives what was recorded then.  One that somebody is known by, or whose
    erasure has begun, is not touched: ``None``.
    """
    keep_minting_out(vault)
    begun = journal.find(vault, request.case_id)
    if begun is None and is_nameless(vault, subject):
        return _begin(vault, keyring, request, [subject])
    return begun


def _begin(
    vault: Connection, keyring: Keyring, request: ErasureRequest, closure: Sequence[int]
) -> Erasure:
    _lock_subjects(vault, closure)
    marks = marks_of(vault, keyring, request.identifiers, closure)
    stone = tombstones.Stone(tombstones.SCOPE_ALL, request.reason, request.at)
    names = names_of(vault, keyring, closure, domains=request.domains)
    erasure = Erasure(
        id=uuid4(),
        case_id=request.case_id,
        subjects=tuple(closure),
        pids=tuple(pid for name in names for _, pid in name.every),
        arefs=tuple(name.aref for name in names),
        tombstones=tombstones.place(vault, keyring, marks, stone),
        key_ids=(),
        started_at=request.at,
    )
    run(
        vault,
        "UPDATE vault.subject SET state = 'erasing', generation = generation + 1"
        " WHERE id = ANY(%b::bigint[]) AND state = 'alive'",
        closure,
    )
    journal.record(vault, erasure)
    return erasure


def destroy_keys(vault: Connection, keyring: Keyring, *, case_id: UUID, at: datetime) -> Erasure:
    """Destroy the subject keys of a case that was begun; give the journal's record.

    A second time changes nothing and gives the same.

    Raises:
        ErasureUnbegun: ``begin_erasure`` did not commit for this case.
    """
    erasure = journal.find(vault, case_id)
    if erasure is None:
        raise ErasureUnbegun("no erasure was begun for the case; begin_erasure was needed first")
    if erasure.destroyed_at is not None:
        return erasure
    subjects = list(erasure.subjects)
    replaced = take_keys(vault, keyring, subjects, at=at)
    for statement in (
        "DELETE FROM vault.identifier WHERE subject = ANY(%b::bigint[])",
        "DELETE FROM vault.link WHERE subject = ANY(%b::bigint[])",
        "DELETE FROM vault.link WHERE other = ANY(%b::bigint[])",
    ):
        run(vault, statement, subjects)
    key_ids = [f"bucket:{row.bucket}:v{row.version}" for row in replaced]
    journal.record_destroyed(vault, case_id, key_ids=key_ids, at=at)
    done = journal.find(vault, case_id)
    return erasure if done is None else done


def complete_erasure(vault: Connection, *, case_id: UUID, at: datetime) -> None:
    """Record that everything else the case asked for is done too."""
    journal.record_completed(vault, case_id, at=at)


def marks_of(
    vault: Connection,
    keyring: Keyring,
    identifiers: Sequence[Identifier],
    subjects: Collection[int],
) -> list[tuple[int, bytes]]:
    """Give key version and mark of *identifiers*, and of every one that *subjects* are known by.

    All are nested up to the version in use, which stays so until the commit.
    """
    in_use = span_in_use(vault, "sup")
    for version in in_use:
        keyring.reach("sup", version)
    marks = keyring.tombstone_layers(identifiers, in_use.first, in_use.version)[in_use.version]
    made = [(in_use.version, mark) for mark in marks]
    return tombstones.nested(vault, keyring, made + _kept_marks(vault, keyring, subjects))


def _kept_marks(
    vault: Connection, keyring: Keyring, subjects: Collection[int]
) -> list[tuple[int, bytes]]:
    """Open the marks kept with the subjects' identifiers, whose text we may never have kept."""
    keys = subject_keys(vault, keyring, subjects)
    rows = run(
        vault,
        "SELECT subject, blind_index, sealed_mark FROM vault.identifier"
        " WHERE subject = ANY(%b::bigint[])",
        list(keys),
    )
    return [open_mark(keys[row[0]], row[1], row[2]) for row in rows.fetchall()]


def _lock_subjects(vault: Connection, subjects: Sequence[int]) -> None:
    """Hold the subjects, in order of number, as ``take_keys`` does: so no deadlock."""
    run(
        vault,
        "SELECT FROM vault.subject WHERE id = ANY(%b::bigint[]) ORDER BY id FOR UPDATE",
        list(subjects),
    )
