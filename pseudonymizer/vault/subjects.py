"""Which subjects does a rights request reach, and what are they called elsewhere?

An erasure closes over links: erase one identifier of a person and all of them are erased (R-42).
A disclosure does not: a link is what a source said, and a source that runs in a web page says what
its visitor makes it say, so that following every link would hand one person's report to another
(R-17).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from pseudonymizer.derive import aref
from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.reach import PERSONAL
from pseudonymizer.vault.buckets import Buckets, unwrap_subject
from pseudonymizer.vault.called import called, every_pid
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import key_in_use, span_in_use
from pseudonymizer.vault.links import circles_of
from pseudonymizer.vault.store import BucketRow

__all__ = [
    "Names",
    "SubjectRow",
    "all_alive",
    "every_index",
    "hold_alive",
    "is_nameless",
    "lookup_closure",
    "lookup_vouched",
    "names_of",
    "subject_keys",
]


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
    """What a subject is called outside the vault: in the store (``Called``), and in the audit log.

    ``every`` are all pseudonyms they ever had, as (domain, pseudonym), the newest first.
    """

    subject: int
    pids: Mapping[str, bytes]
    past: tuple[Mapping[str, bytes], ...]
    epoch: int
    every: tuple[tuple[str, bytes], ...]
    aref: str


def lookup_closure(
    vault: Connection, keyring: Keyring, identifiers: Sequence[Identifier]
) -> list[SubjectRow]:
    """Give the subjects behind *identifiers* and all they are linked with, by number."""
    rows = run(
        vault,
        "SELECT DISTINCT subject FROM vault.identifier WHERE blind_index = ANY(%b::bytea[])",
        every_index(vault, keyring, identifiers),
    )
    reached = {row[0] for row in rows.fetchall()}
    if not reached:
        return []
    return _subjects(vault, {member for _, member, _ in circles_of(vault, reached).members})


def lookup_vouched(
    vault: Connection, keyring: Keyring, identifiers: Sequence[Identifier]
) -> tuple[list[SubjectRow], list[SubjectRow]]:
    """Split the closure of *identifiers* in what they vouch for, and what is withheld.

    A subject who is known by a personal identifier is vouched for by one of these only, not by a
    cookie and not by a link.  One who is known by devices alone is vouched for by its own number;
    and by a link to somebody vouched for, if nobody else is linked with it.
    """
    closure = {row.id: row for row in lookup_closure(vault, keyring, identifiers)}
    claimed = run(
        vault,
        "SELECT subject, kind FROM vault.identifier WHERE blind_index = ANY(%b::bytea[])",
        every_index(vault, keyring, identifiers),
    ).fetchall()
    nameless = {number for number, row in closure.items() if PERSONAL.isdisjoint(row.kinds)}
    vouched = {number for number, kind in claimed if kind in PERSONAL or number in nameless}
    links = run(
        vault,
        "SELECT subject, other FROM vault.link"
        " WHERE subject = ANY(%b::bigint[]) AND undone_at IS NULL",
        list(closure),
    ).fetchall()
    for devices, people in _shared(nameless, links):
        if people and people <= vouched:
            vouched |= devices
    rows = sorted(closure.values(), key=lambda row: row.id)
    withheld = [row for row in rows if row.id not in vouched]
    return [row for row in rows if row.id in vouched], withheld


def _shared(
    nameless: AbstractSet[int], links: Iterable[tuple[int, int]]
) -> Iterator[tuple[set[int], set[int]]]:
    """Give the devices that are linked with each other, and the people linked with any of them."""
    beside: dict[int, set[int]] = {number: set() for number in nameless}
    for one, other in links:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    left = set(nameless)
    while left:
        devices, fresh = set(), {left.pop()}
        while fresh:
            devices |= fresh
            fresh = {near for each in fresh for near in beside[each] & nameless} - devices
        left -= devices
        yield devices, {near for each in devices for near in beside[each]} - nameless


def names_of(
    vault: Connection, keyring: Keyring, subjects: Collection[int], *, domains: Sequence[str]
) -> list[Names]:
    """Give the pseudonyms and the audit reference of each subject that still has a key.

    *domains* must name every domain the installation ever used, not the rulebook's only: a pid
    left out is a pid an erasure does not reach.  No other epoch begins before the commit.
    """
    epochs = span_in_use(vault, "pid")
    keys = subject_keys(vault, keyring, subjects)
    return [
        Names(
            subject,
            *called(key, domains, epochs),
            epochs.version,
            every_pid(key, domains, epochs),
            aref(key),
        )
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


def all_alive(vault: Connection, subjects: Collection[int]) -> bool:
    """Say whether no erasure of any of *subjects* has begun."""
    rows = run(
        vault,
        "SELECT count(*) FROM vault.subject WHERE id = ANY(%b::bigint[]) AND state = 'alive'",
        list(subjects),
    )
    return bool(rows.fetchall()[0][0] == len(set(subjects)))


def is_nameless(vault: Connection, subject: int) -> bool:
    """Say whether *subject* is alive, and no identifier and no link, of today or undone, has it."""
    row = run(
        vault,
        "SELECT FROM vault.subject AS s WHERE s.id = %b AND s.state = 'alive'"
        " AND NOT EXISTS (SELECT FROM vault.identifier WHERE subject = s.id)"
        " AND NOT EXISTS (SELECT FROM vault.link WHERE s.id IN (subject, other))",
        subject,
    ).fetchone()
    return row is not None


def hold_alive(vault: Connection, subjects: Collection[int]) -> list[int]:
    """Give those of *subjects* who are alive; no erasure of theirs begins before the commit."""
    rows = run(
        vault,
        "SELECT id FROM vault.subject WHERE id = ANY(%b::bigint[]) AND state = 'alive'"
        " ORDER BY id FOR SHARE",
        list(subjects),
    )
    return [row[0] for row in rows.fetchall()]


def every_index(
    vault: Connection, keyring: Keyring, identifiers: Sequence[Identifier]
) -> list[bytes]:
    """Give the blind indexes of *identifiers* under every live version of the key.

    No other version comes into use before this transaction ends: what is not found is not there.
    """
    keyring.reach("idx", key_in_use(vault, "idx", share=True))
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
