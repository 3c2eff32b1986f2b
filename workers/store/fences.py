"""Pseudonyms of people whom the vault forgets: nobody may be registered by one meanwhile.

A gateway may have been told such a pseudonym a moment before.  So it stands in the registry as
somebody erased, marked as a fence of this kind, before the vault forgets whose it was; and goes
when nobody can remember it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from workers.store.packing import Instant, Int2s, Uuids
from workers.store.registry import ERASED
from workers.store.transactions import rows_of, run

__all__ = ["Registered", "lift", "put", "registered"]

PASSING: Final = -1
"""The generation of a fence that is to go; of any other it counts erasures."""

_REGISTERED: Final = """
select pid from store.subject where pid = any(%s) and generation <> %s"""
_PUT: Final = f"""
insert into store.subject (pid, domain, state, generation, principal)
select pid, domain, {ERASED}, {PASSING}, null from unnest(%s, %s) as asked (pid, domain)
order by pid on conflict (pid) do nothing"""
_LIFT: Final = "select store.lift_fences(%s, %s)"


def registered(connection: Connection, pids: Sequence[bytes]) -> set[bytes]:
    """Give those of *pids* that somebody is registered by, alive or erased."""
    return {row[0] for row in rows_of(connection, _REGISTERED, (Uuids.of_bytes(pids), PASSING))}


class Registered(Exception):  # not an error: it rolls the caller's transaction back
    """Somebody is registered by one of the pseudonyms, so that none of them is a stranger's."""


def put(connection: Connection, rows: Sequence[tuple[bytes, int]]) -> None:
    """Put a fence at each (pid, domain), or at none.

    It waits for whoever is registering one of them at this moment.

    Raises:
        Registered: somebody is.
    """
    if not rows:  # the store has met no domain yet, and nobody
        return
    pids, domains = zip(*rows, strict=True)
    run(connection, _PUT, (Uuids.of_bytes(pids), Int2s.of(domains)))
    if registered(connection, pids):
        raise Registered


def lift(connection: Connection, *, before: datetime, limit: int) -> int:
    """Take away up to *limit* fences of before an instant, which is a day ago at the latest."""
    us = round(before.timestamp() * 1_000_000)
    return int(rows_of(connection, _LIFT, (Instant.of_us(us), limit))[0][0])
