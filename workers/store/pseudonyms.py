"""By which pseudonyms are people registered, and how do all of them get others?

A pseudonym is of an epoch, which the vault derives it by; here is only which epoch it is.  Whoever
registers somebody shares the lock that also holds the rulebook, and registers by the epoch in use.
Beginning another takes that lock alone, so that afterwards nobody is registered by a pseudonym of
the one before.  Those who are get their new one in small transactions, which write down how far
they came: the row is the same, and so is everything that bears its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Connection, update

from workers.store import in_force
from workers.store.errors import PseudonymsDoubled, PseudonymsMoved
from workers.store.packing import Uuids
from workers.store.tables.keys import pseudonyms
from workers.store.transactions import rows_of, run

__all__ = [
    "SETTLED",
    "Epochs",
    "Renaming",
    "bring",
    "epochs_in_use",
    "put",
    "refuse_apart",
    "rename",
    "standing",
]

_STANDING: Final = "select first, epoch, brought from store.pseudonyms"
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
_LEFT: Final = "select id from store.subject where pid = any(%s) and state <> 2 limit 1"
_NONE: Final[Mapping[bytes, bytes]] = MappingProxyType({})


class Epochs(NamedTuple):
    """The first epoch that somebody may be registered by, and the one that people are."""

    first: int
    epoch: int

    def within(self, first: int, last: int) -> bool:
        """Say whether whoever was told the names of *first* to *last* finds everybody by them."""
        return first <= self.first and self.epoch <= last


class Renaming(NamedTuple):
    """How people are called while they get other pseudonyms; both are empty at any other time.

    Attributes:
        former: a pseudonym of an epoch before, to what it becomes.
        written: a pseudonym, to the one of the epoch that people are registered by yet.
    """

    former: Mapping[bytes, bytes] = _NONE
    written: Mapping[bytes, bytes] = _NONE


SETTLED: Final = Renaming()


def standing(connection: Connection) -> tuple[Epochs, int]:
    """Give the epochs, and the bucket of the vault up to which people have those of the last."""
    first, epoch, brought = rows_of(connection, _STANDING, ())[0]
    return Epochs(first, epoch), int(brought)


def epochs_in_use(connection: Connection) -> Epochs:
    """Give by which epochs somebody may be registered."""
    return standing(connection)[0]


def refuse_apart(connection: Connection, first: int, last: int) -> None:
    """See that people stand under the names that the vault gave: of *first* to *last*.

    Whoever reads without the lock asks afterwards: nobody has a pseudonym of an epoch that had not
    begun by then.

    Raises:
        PseudonymsMoved: another epoch has begun, or one of the databases is older than the other.
    """
    if not epochs_in_use(connection).within(first, last):
        raise PseudonymsMoved


def put(connection: Connection, epoch: int, *, now: datetime, attempt: int = 0) -> None:
    """Have people registered by *epoch* from the commit on; a later one is left where it is.

    Raises:
        StoreBusy: as ``in_force.alone``; try again.
    """
    in_force.alone(connection, attempt)
    later = update(pseudonyms).where(pseudonyms.c.epoch < epoch)
    connection.execute(later.values(epoch=epoch, since=now, brought=0))


def rename(connection: Connection, names: Sequence[tuple[bytes, bytes]]) -> int:
    """Give whoever is registered by the first of each two names the second; give how many.

    A name that nobody has, or that is a fence left by an erasure, is passed over; a repeat changes
    nothing.  Whoever holds one of the rows is waited for.

    Raises:
        PseudonymsDoubled: somebody is registered by both.
    """
    if not names:
        return 0
    former, new = zip(*names, strict=True)
    renamed = run(connection, _RENAME, (Uuids.of_bytes(former), Uuids.of_bytes(new)))
    if rows_of(connection, _LEFT, (Uuids.of_bytes(former),)):
        raise PseudonymsDoubled
    return renamed


def bring(connection: Connection, epoch: int, bucket: int, *, last: bool) -> None:
    """Write down that the people of the buckets before *bucket* have their names of *epoch*.

    With the *last* of them nobody has an earlier one.
    """
    here = update(pseudonyms).where(pseudonyms.c.epoch == epoch, pseudonyms.c.brought < bucket)
    connection.execute(here.values(brought=bucket))
    if last:
        settled = update(pseudonyms).where(pseudonyms.c.epoch == epoch)
        connection.execute(settled.values(first=epoch))
