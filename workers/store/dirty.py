"""Events stored but not folded yet: one row a subject and batch, drained shard by shard."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Int4s, Int8s, ragged
from workers.store.transactions import rows_of, run

SHARDS = 4

# First key of the advisory locks that keep drains of one shard apart; the second is the shard.
_SHARD_LOCK = 0x50415241  # "PARA"

_ADD = """
insert into store.dirty (shard, subject, mids, batch)
select subject %% %s::int, subject, (%s)[first:last], %s
from unnest(%s, %s, %s) as new (subject, first, last) order by subject"""

_TAKE = """
select id, subject, mids, batch from store.dirty where shard = %s order by id limit %s"""

_DONE = "delete from store.dirty where id = any(%s)"

_BEHIND = """
select shard, count(*), min(batch.received_at) from store.dirty
join store.batch on batch.id = dirty.batch group by shard order by shard"""


class DirtyRow(NamedTuple):
    """Events of one subject, from one batch, that wait to be folded."""

    id: int
    subject: int
    mids: list[int]
    batch: int


def add(connection: Connection, batch: int, mids: Mapping[int, Sequence[int]]) -> None:
    """Note the messages of *batch* to fold, by subject."""
    if not mids:
        return
    flat, first, last = ragged(mids.values())
    values = (SHARDS, Int8s.of(flat), batch, Int8s.of(list(mids)), Int4s.of(first), Int4s.of(last))
    run(connection, _ADD, values)


def own(connection: Connection, shard: int, *, wait: bool = True) -> bool:
    """Become the only drain of *shard* until the transaction ends.

    Without *wait*, gives ``False`` at once when another has it.
    """
    which = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    ((had,),) = rows_of(connection, f"select {which}(%s::int, %s::int)", (_SHARD_LOCK, shard))
    return wait or bool(had)


def take(connection: Connection, shard: int, limit: int) -> list[DirtyRow]:
    """Give up to *limit* rows of *shard*, oldest first; the shard must be owned."""
    return [DirtyRow._make(row) for row in rows_of(connection, _TAKE, (shard, limit))]


def done(connection: Connection, ids: Sequence[int]) -> None:
    """Remove rows that were folded, in the transaction that wrote their states."""
    run(connection, _DONE, (Int8s.of(ids),))


def behind(connection: Connection) -> list[tuple[int, int, int]]:
    """Give (shard, rows waiting, oldest ``received_at`` in microseconds) of shards with work."""
    return [(row[0], row[1], row[2]) for row in rows_of(connection, _BEHIND, ())]
