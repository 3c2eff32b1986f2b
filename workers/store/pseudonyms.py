"""By which pseudonyms are people registered, and how do all of them get others?

A pseudonym is of an epoch, which the vault derives it by; here is only which epoch it is.  Whoever
registers somebody shares the lock that also holds the rulebook, and registers by the epoch in use.
Beginning another takes that lock alone, so that afterwards nobody is registered by a pseudonym of
the one before.  Those who are get their new one in small transactions: the row is the same, and so
is everything that bears its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Connection, update

from workers.store import in_force
from workers.store.errors import PseudonymsMoved
from workers.store.packing import Uuids
from workers.store.tables.keys import pseudonyms
from workers.store.transactions import rows_of, run

__all__ = ["SETTLED", "Renaming", "epoch_in_use", "put", "refuse_outrun", "rename"]

_EPOCH: Final = "select epoch from store.pseudonyms"
_RENAME: Final = """
with held as (
  select known.id, asked.pid
  from store.subject known
  join unnest(%s, %s) as asked (former, pid) on known.pid = asked.former
  where known.state <> 2
    and not exists (select from store.subject there where there.pid = asked.pid)
  order by known.id for update of known
)
update store.subject as known
set pid = held.pid, principal = coalesce(known.principal, known.pid)
from held where known.id = held.id"""
_NONE: Final[Mapping[bytes, bytes]] = MappingProxyType({})


class Renaming(NamedTuple):
    """How people are called while they get other pseudonyms; both are empty at any other time.

    Attributes:
        former: a pseudonym of an epoch before, to what it becomes.
        written: a pseudonym, to the one of the epoch that people are registered by yet.
    """

    former: Mapping[bytes, bytes] = _NONE
    written: Mapping[bytes, bytes] = _NONE


SETTLED: Final = Renaming()


def epoch_in_use(connection: Connection) -> int:
    """Give the epoch by whose pseudonyms people are registered from now on."""
    return int(rows_of(connection, _EPOCH, ())[0][0])


def refuse_outrun(connection: Connection, epoch: int) -> None:
    """See that what was read until now was read by the pseudonyms it stands under.

    For whoever reads without the lock, afterwards: nobody has a pseudonym of an epoch that had not
    begun by then.

    Raises:
        PseudonymsMoved: an epoch later than *epoch* has begun.
    """
    if epoch_in_use(connection) > epoch:
        raise PseudonymsMoved


def put(connection: Connection, epoch: int, *, now: datetime, attempt: int = 0) -> None:
    """Have people registered by *epoch* from the commit on; a later one is left where it is.

    Raises:
        StoreBusy: as ``in_force.alone``; try again.
    """
    in_force.alone(connection, attempt)
    later = update(pseudonyms).where(pseudonyms.c.epoch < epoch)
    connection.execute(later.values(epoch=epoch, since=now))


def rename(connection: Connection, names: Sequence[tuple[bytes, bytes]]) -> int:
    """Give whoever is registered by the first of each two names the second; give how many.

    A name that nobody has, or that is a fence left by an erasure, is passed over; a repeat changes
    nothing.  Whoever holds one of the rows is waited for.
    """
    if not names:
        return 0
    former, new = zip(*names, strict=True)
    return run(connection, _RENAME, (Uuids.of_bytes(former), Uuids.of_bytes(new)))
