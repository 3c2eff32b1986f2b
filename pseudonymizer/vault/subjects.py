"""Which subjects does a rights request reach, and what are they called elsewhere?

A request closes over links: erase one identifier of a person and all of them are erased (R-42).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from pseudonymizer.derive import aref, pid_bytes
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.vault.buckets import Buckets, unwrap_subject
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.store import BucketRow, circles_of

__all__ = ["Names", "SubjectRow", "every_index", "lookup_closure", "names_of", "subject_keys"]


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject as the vault has it; ``kinds`` are the kinds of its identifiers, sorted."""

    id: int
    state: str
    generation: int
    created_on: date
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What a subject is called outside the vault: pseudonyms by domain, and in the audit log."""

    subject: int
    pids: Mapping[str, bytes]
    aref: str


def lookup_closure(
    vault: Connection, keyring: Keyring, identifiers: Sequence[Identifier]
) -> list[SubjectRow]:
    """Give the subjects behind *identifiers* and all they are linked with, by number."""
    rows = run(
        vault,
        "SELECT DISTINCT subject FROM vault.identifier WHERE blind_index = ANY(%b::bytea[])",
        every_index(keyring, identifiers),
    )
    reached = {row[0] for row in rows.fetchall()}
    if not reached:
        return []
    return _subjects(vault, {member for _, member, _ in circles_of(vault, reached)})


def names_of(
    vault: Connection, keyring: Keyring, subjects: Collection[int], *, domains: Sequence[str]
) -> list[Names]:
    """Give the pseudonyms and the audit reference of each subject that still has a key.

    *domains* must name every domain the installation ever used, not the rulebook's only: a pid
    left out is a pid an erasure does not reach.
    """
    keys = subject_keys(vault, keyring, subjects)
    return [
        Names(subject, dict(zip(domains, pid_bytes(key, domains), strict=True)), aref(key))
        for subject, key in sorted(keys.items())
    ]


def subject_keys(
    vault: Connection, keyring: Keyring, subjects: Collection[int]
) -> dict[int, bytes]:
    """Unwrap the keys of *subjects*; those already erased have none."""
    buckets = Buckets(keyring)
    rows = run(
        vault,
        "SELECT b.id, b.version, b.kek_version, b.wrapped_key, s.id, s.wrapped_sk"
        " FROM vault.subject AS s JOIN vault.bucket AS b ON b.id = s.bucket"
        " WHERE s.id = ANY(%b::bigint[]) AND s.wrapped_sk IS NOT NULL",
        list(subjects),
    ).fetchall()
    return {
        row[4]: unwrap_subject(buckets.key(BucketRow._make(row[:4])), row[4], row[5])
        for row in rows
    }


def every_index(keyring: Keyring, identifiers: Sequence[Identifier]) -> list[bytes]:
    """Give the blind indexes of *identifiers* under every live version of the key."""
    return [
        index
        for version in keyring.versions("idx").live
        for index in keyring.blind_indexes(identifiers, version=version)
    ]


def _subjects(vault: Connection, numbers: Iterable[int]) -> list[SubjectRow]:
    rows = run(
        vault,
        "SELECT s.id, s.state, s.generation, s.created_on,"
        " ARRAY(SELECT DISTINCT kind FROM vault.identifier WHERE subject = s.id ORDER BY kind)"
        " FROM vault.subject AS s WHERE s.id = ANY(%b::bigint[]) ORDER BY s.id",
        list(numbers),
    )
    return [SubjectRow(row[0], row[1], row[2], row[3], tuple(row[4])) for row in rows.fetchall()]
