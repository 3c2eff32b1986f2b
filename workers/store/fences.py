"""Pseudonyms of people whom the vault forgets: nobody may be registered by one meanwhile.

A gateway may have been told such a pseudonym a moment before.  So it stands in the registry as
somebody erased, before the vault forgets whose it was; and goes when nobody can remember it any
more.  Which rows are fences of this kind only the database's owner can say: its functions write
them down, and take away none that is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from workers.store.packing import Instant, Int2s, Uuids
from workers.store.transactions import rows_of

__all__ = ["Registered", "drop", "lift", "put", "registered", "stand"]

_REGISTERED: Final = """
select known.pid from store.subject known
left join store.passing_fence fence on fence.subject = known.id
where known.pid = any(%s) and fence.subject is null"""
_STANDING: Final = "select count(*) from store.subject where pid = any(%s) and state = 2"
_PUT: Final = "select store.put_fences(%s, %s)"
_LIFT: Final = "select store.lift_fences(%s, %s)"
_DROP: Final = "select store.drop_fences(%s)"


class Registered(Exception):  # not an error: it rolls the caller's transaction back
    """Somebody is registered by one of the pseudonyms, so that none of them is a stranger's."""


def registered(connection: Connection, pids: Sequence[bytes]) -> set[bytes]:
    """Give those of *pids* that somebody is registered by, alive or erased."""
    return {row[0] for row in rows_of(connection, _REGISTERED, (Uuids.of_bytes(pids),))}


def put(connection: Connection, rows: Sequence[tuple[bytes, int]]) -> None:
    """Put a fence at each (pid, domain), or at none.

    It waits for whoever is registering one of them at this moment.

    Raises:
        Registered: somebody is.
    """
    if not rows:  # the store has met no domain yet, and nobody
        return
    pids, domains = zip(*rows, strict=True)
    rows_of(connection, _PUT, (Uuids.of_bytes(pids), Int2s.of(domains)))
    if registered(connection, pids):
        raise Registered


def stand(connection: Connection, pids: Sequence[bytes]) -> bool:
    """Say whether there is a fence, or somebody erased, at each of *pids*."""
    ((standing,),) = rows_of(connection, _STANDING, (Uuids.of_bytes(pids),))
    return bool(standing == len(set(pids)))


def drop(connection: Connection, pids: Sequence[bytes]) -> None:
    """Take the fences at *pids* away at once: the vault did not forget whose they are."""
    rows_of(connection, _DROP, (Uuids.of_bytes(pids),))


def lift(connection: Connection, *, before: datetime, limit: int) -> int:
    """Take away up to *limit* fences of before an instant, which is a day ago at the latest."""
    us = round(before.timestamp() * 1_000_000)
    return int(rows_of(connection, _LIFT, (Instant.of_us(us), limit))[0][0])
