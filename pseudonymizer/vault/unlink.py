"""How is it undone that two subjects were said to be one person (R-42)?

A link moved no row, so undoing it is exact: the row of the link stays, as history, with the case
that ended it, and from the commit on nothing closes over it any more.  Nor does an assertion bring
the two together again, be it through a third: what somebody looked into outlasts what a page says.

Where both identifiers came to name one subject, the second is taken off it and given a subject of
its own, numbered and minted before and empty; everything recorded stays with the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from pseudonymizer.keyring import Identifier, Keyring
from pseudonymizer.vault.buckets import Buckets
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.links import circles_of
from pseudonymizer.vault.mint import Indexed, Minter, reseal_identifier
from pseudonymizer.vault.store import keep_erasures_out, keep_minting_out, reserve_subjects
from pseudonymizer.vault.subjects import (
    all_alive,
    every_index,
    is_nameless,
    subject_keys,
)

__all__ = ["Parting", "Undone", "Verdict", "mint_aside", "number_aside", "undo_link"]

Pair = tuple[Identifier, Identifier]
Verdict = Literal["undone", "unknown", "one-subject", "not-linked", "linked-through-others"]

_ALIVE: Final = (
    "SELECT i.subject, s.state FROM vault.identifier AS i"
    " JOIN vault.subject AS s ON s.id = i.subject WHERE i.blind_index = ANY(%b::bytea[])"
)
_TAKEN: Final = (
    "SELECT blind_index, kind, sealed, sealed_mark, source, first_seen_on, index_version,"
    " canon_version, variant_index FROM vault.identifier"
)
_PUT: Final = (
    "INSERT INTO vault.identifier (blind_index, subject, kind, sealed, sealed_mark, first_seen_on,"
    " index_version, canon_version, variant_index) VALUES (%b, %b, %b, %b, %b, %b, %b, %b, %b)"
)
_LINK: Final = (
    "SELECT source, asserted, linked_at, undone_at FROM vault.link"
    " WHERE subject = %b AND other = %b"
)


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a link: both subjects, who had asserted it, and whether they are apart now."""

    verdict: Verdict
    subjects: tuple[int, ...] = ()
    source: int = 0
    asserted: str | None = None
    linked_at: datetime | None = None
    undone_at: datetime | None = None
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Parting:
    """Which two are to be parted, for which case.

    ``aside`` is the empty subject that the second gets where both name one.
    """

    pair: Pair
    case: UUID
    at: datetime
    aside: int | None = None


def number_aside(vault: Connection, keyring: Keyring, pair: Pair) -> tuple[int, int] | None:
    """If both identifiers name one subject, give that and a number that nobody else will have.

    Nothing is written: a number that is forgotten again is only never used.
    """
    one = _same(vault, keyring, pair)
    if one is None:
        return None
    (aside,) = reserve_subjects(vault, 1)
    return one, aside


def mint_aside(vault: Connection, keyring: Keyring, pair: Pair, numbered: tuple[int, int]) -> bool:
    """Mint the empty subject that ``number_aside`` gave a number, unless it is there.

    Say whether it may be prepared for the second identifier: both still name the first subject.
    """
    keep_erasures_out(vault)
    subject, aside = numbered
    if _same(vault, keyring, pair) != subject:
        return False
    if run(vault, "SELECT FROM vault.subject WHERE id = %b", aside).fetchone() is None:
        Minter(keyring, Buckets(keyring)).mint_as(vault, [aside])
    return is_nameless(vault, aside)


def undo_link(vault: Connection, keyring: Keyring, parting: Parting) -> Undone:
    """Undo the link between the subjects of two identifiers; a second time changes nothing.

    Waits for who is minting or linking, and for an erasure's first step, and keeps them out: an
    erasure that has begun has everybody of its circle, and a link of theirs is not touched.
    """
    keep_minting_out(vault)
    subjects = [_alive(vault, keyring, identifier) for identifier in parting.pair]
    if None in subjects:
        return Undone("unknown")
    first, second = sorted(number for number in subjects if number is not None)
    if first == second:
        if parting.aside is None or not all_alive(vault, [parting.aside]):
            return Undone("one-subject", (first,))
        _take_off(vault, keyring, parting, (first, parting.aside))
        first, second = sorted((first, parting.aside))
    rows = run(vault, _LINK, first, second).fetchall()
    if not rows:
        joined = second in _circle(vault, first)
        return Undone("linked-through-others" if joined else "not-linked", (first, second))
    source, asserted, linked_at, undone_at = rows[0]
    run(
        vault,
        "UPDATE vault.link SET undone_at = %b, undone_case = %b"
        " WHERE subject = %b AND other = %b AND undone_at IS NULL",
        parting.at,
        parting.case,
        first,
        second,
    )
    apart = second not in _circle(vault, first)
    ended = parting.at if undone_at is None else undone_at
    return Undone("undone", (first, second), source, asserted, linked_at, ended, apart)


def _take_off(vault: Connection, keyring: Keyring, parting: Parting, pair: tuple[int, int]) -> None:
    """Give the second identifier the subject aside, and record what had joined it, to be undone."""
    subject, aside = pair
    keys = subject_keys(vault, keyring, pair)
    (row,) = run(
        vault,
        _TAKEN + " WHERE subject = %b AND blind_index = ANY(%b::bytea[])",
        subject,
        every_index(vault, keyring, [parting.pair[1]]),
    ).fetchall()
    index, kind, sealed, mark, source, seen_on = row[:6]
    indexed = Indexed(index, subject, kind, sealed, mark)
    resealed = reseal_identifier((keys[subject], keys[aside]), indexed)
    # Taken away and put back: the run-time role may not turn a row into another subject's.
    run(vault, "DELETE FROM vault.identifier WHERE blind_index = %b", index)
    run(vault, _PUT, index, aside, kind, *resealed, seen_on, *row[6:])
    run(
        vault,
        "INSERT INTO vault.link (subject, other, source, linked_at) VALUES (%b, %b, %b, %b)",
        min(pair),
        max(pair),
        source or 0,
        datetime.combine(seen_on, time(), UTC),
    )


def _alive(vault: Connection, keyring: Keyring, identifier: Identifier) -> int | None:
    """Give the subject of *identifier*, unless there is none or an erasure of it has begun."""
    rows = run(vault, _ALIVE, every_index(vault, keyring, [identifier])).fetchall()
    return next((int(row[0]) for row in rows if row[1] == "alive"), None)


def _same(vault: Connection, keyring: Keyring, pair: Pair) -> int | None:
    """Give the subject that both identifiers name, unless they do not."""
    one, other = (_alive(vault, keyring, identifier) for identifier in pair)
    return one if one == other else None


def _circle(vault: Connection, subject: int) -> set[int]:
    return {member for _, member, _ in circles_of(vault, [subject]).members}
