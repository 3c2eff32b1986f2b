"""Whom does the vault know though nobody keeps anything about them, and how are they forgotten?

Somebody is minted before anything is stored: where the second half never came, or all of it has
expired since, what is left is an identifier and a key.  Whoever is linked with somebody is looked
at together with them, since an erasure closes over links; and what an operator undid is kept, so
that it stays undone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.called import every_pid
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.in_use import span_in_use
from pseudonymizer.vault.keyless import hold_buckets, take_keys
from pseudonymizer.vault.links import circles_of
from pseudonymizer.vault.store import keep_minting_out
from pseudonymizer.vault.subjects import subject_keys

__all__ = ["Circle", "circles_in", "forget", "hold"]

_OLD: Final = """
SELECT s.id FROM vault.subject AS s
 WHERE s.bucket >= %b AND s.bucket < %b AND s.state = 'alive' AND s.created_on <= %b
   AND EXISTS (SELECT FROM vault.identifier WHERE subject = s.id)"""
_SAME: Final = """
SELECT id FROM vault.subject
 WHERE id = ANY(%b::bigint[]) AND state = 'alive' AND created_on <= %b"""
_HELD: Final = f"{_SAME} ORDER BY id FOR UPDATE"
_NEW: Final = """
SELECT FROM vault.identifier WHERE subject = ANY(%b::bigint[]) AND first_seen_on > %b LIMIT 1"""


class Circle(NamedTuple):
    """People who are linked, mostly one, and all they were ever called until *epoch*."""

    members: tuple[int, ...]
    pids: tuple[tuple[str, bytes], ...]
    epoch: int


def circles_in(
    vault: Connection,
    keyring: Keyring,
    domains: Sequence[str],
    *,
    buckets: tuple[int, int],
    before: date,
) -> list[Circle]:
    """Give the circles with somebody in *buckets*, from the first to before the second.

    All of whom are alive and were met for the first time on the day *before* at the latest.
    """
    old = [row[0] for row in run(vault, _OLD, *buckets, before).fetchall()]
    if not old:
        return []
    members, apart = circles_of(vault, old)
    parted = {number for pair in apart for number in pair}
    circles: dict[int, set[int]] = {}
    for root, member, _ in members:
        circles.setdefault(root, set()).add(member)
    whole = {tuple(sorted(each)) for each in circles.values() if parted.isdisjoint(each)}
    everybody = sorted({member for each in whole for member in each})
    alive = {row[0] for row in run(vault, _SAME, everybody, before).fetchall()}
    keys = subject_keys(vault, keyring, alive)
    kept = [each for each in sorted(whole) if keys.keys() >= set(each)]
    epochs = span_in_use(vault, "pid")
    return [
        Circle(
            each,
            tuple(pair for member in each for pair in every_pid(keys[member], domains, epochs)),
            epochs.version,
        )
        for each in kept
    ]


def hold(vault: Connection, circle: Circle, before: date) -> bool:
    """Say whether *circle* is what it was, and keep it so until the commit: nobody is minted.

    Somebody who joined it or is known by one identifier more was met again, and stays.  So does
    everybody where another epoch has begun: they may be registered by a pseudonym of that.
    """
    keep_minting_out(vault)
    if span_in_use(vault, "pid").version != circle.epoch:
        return False
    members = list(circle.members)
    hold_buckets(vault, members)
    held = run(vault, _HELD, members, before).fetchall()
    linked, apart = circles_of(vault, members)
    met = run(vault, _NEW, members, before).fetchone()
    same = {member for _, member, _ in linked} == set(members) and not apart
    return same and len(held) == len(members) and met is None


def forget(vault: Connection, keyring: Keyring, members: Collection[int], *, at: datetime) -> int:
    """Forget the people of a circle that is held; give how many identifiers went.

    The bare number stays, as of somebody erased, and the key goes as theirs does: from every copy.
    """
    numbers = list(members)
    take_keys(vault, keyring, numbers, at=at)
    gone = run(vault, "DELETE FROM vault.identifier WHERE subject = ANY(%b::bigint[])", numbers)
    run(vault, "DELETE FROM vault.link WHERE subject = ANY(%b::bigint[])", numbers)
    return gone.rowcount
