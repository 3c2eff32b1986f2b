"""Events stored but not folded yet: one row a subject and batch, drained shard by shard.

A row of shard ``s`` set aside (its subject is restricted) has the shard ``-1 - s``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Int2s, Int4s, Int8s, ragged
from workers.store.transactions import rows_of, run

SHARDS = 4

# First key of the advisory locks that keep drains of one shard apart; the second is the shard.
_SHARD_LOCK = 0x50415241  # "PARA"

_PUT = """
insert into store.dirty (shard, subject, mids, batch)
select subject %% %s::int, subject, (%s)[first:last], %s
from unnest(%s, %s, %s) as new (subject, first, last) order by subject"""

# Nobody waits for the disk with the locks of a drain in hand: a crash takes what was folded and the
# deletion of its dirty rows together, so the next drain folds it again; and whoever commits after
# it and does wait, waits for both.
_CLAIM = """
select shard from unnest(%s) as asked (shard)
where pg_try_advisory_xact_lock(%s::int, shard)
  and set_config('synchronous_commit', 'off', true) is not null"""

_TAKE = """
select id, subject, mids, batch from store.dirty where shard = %s order by id limit %s"""
_TAKE_ALL = """
select id, subject, mids, batch from store.dirty where shard = any(%s) order by id limit %s"""

_SET_ASIDE = "update store.dirty set shard = -1 - shard where id = any(%s) and shard >= 0"

_PUT_BACK = "update store.dirty set shard = -1 - shard where subject = any(%s) and shard < 0"

_DELETE = "delete from store.dirty where id = any(%s) and shard >= 0"

_PENDING = """
select shard from unnest(%s) as asked (shard)
where exists (select from store.dirty where dirty.shard = asked.shard) order by shard"""

_FEW = """
select count(*) < %s from (select from store.dirty where shard >= 0 limit %s) as counted"""

_BEHIND = """
select count(*), min(batch.received_at) from store.dirty
left join store.batch on batch.id = dirty.batch where shard >= 0"""


class DirtyRow(NamedTuple):
    """Events of one subject, from one batch, that wait to be folded."""

    id: int
    subject: int
    mids: list[int]
    batch: int


def put(connection: Connection, batch: int, mids: Mapping[int, Sequence[int]]) -> None:
    """Note the messages of *batch* to fold, by subject."""
    if not mids:
        return
    flat, first, last = ragged(mids.values())
    subjects = (Int8s.of(list(mids)), Int4s.of(first), Int4s.of(last))
    run(connection, _PUT, (SHARDS, Int8s.of(flat), batch, *subjects))


def claim(connection: Connection, shards: Sequence[int]) -> list[int]:
    """Become the only drain of *shards* until the transaction ends; give those nobody else has.

    The commit of a transaction that claimed one does not wait for the disk.
    """
    return [row[0] for row in rows_of(connection, _CLAIM, (Int4s.of(shards), _SHARD_LOCK))]


def take(connection: Connection, shards: Sequence[int], limit: int) -> list[DirtyRow]:
    """Give up to *limit* rows of *shards*, oldest first; they must be claimed.

    Of several shards all rows are read whatever the limit, so ask for those only if ``few`` wait.
    """
    if len(shards) == 1:
        found = rows_of(connection, _TAKE, (shards[0], limit))
    else:
        found = rows_of(connection, _TAKE_ALL, (Int2s.of(shards), limit))
    return [DirtyRow._make(row) for row in found]


def delete(connection: Connection, ids: Sequence[int]) -> None:
    """Remove rows that were folded; those set aside stay."""
    if ids:
        run(connection, _DELETE, (Int8s.of(ids),))


def set_aside(connection: Connection, ids: Sequence[int]) -> None:
    """Keep rows out of the drains' way until ``put_back``."""
    if ids:
        run(connection, _SET_ASIDE, (Int8s.of(ids),))


def put_back(connection: Connection, subjects: Sequence[int]) -> None:
    """Give the rows of *subjects* that were set aside to the drains again."""
    run(connection, _PUT_BACK, (Int8s.of(subjects),))


def pending(connection: Connection, shards: Sequence[int]) -> list[int]:
    """Give those of *shards* that have rows to fold."""
    return [row[0] for row in rows_of(connection, _PENDING, (Int2s.of(shards),))]


def few(connection: Connection, limit: int) -> bool:
    """Say whether less than *limit* rows wait in all shards together."""
    ((waiting,),) = rows_of(connection, _FEW, (limit, limit))
    return bool(waiting)


def behind(connection: Connection) -> tuple[int, int | None]:
    """Give how many rows wait, and since when the oldest does, in microseconds."""
    ((count, oldest),) = rows_of(connection, _BEHIND, ())
    return int(count), oldest
