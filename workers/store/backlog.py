"""How far behind is each lane, and the relay?  Numbers that name nobody, in one cheap look."""

from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.transactions import rows_of

MOST = 100_000  # rows are counted up to here: a look must stay cheap when very much waits

# The first number is not exactly the oldest row, since connections draw numbers by the fifty; it is
# off by the length of a transaction, and a look at every row would cost more than that is worth.
_LOOK = f"""
select
  (select count(*) from (select from store.dirty where shard >= 0 limit {MOST}) as counted),
  (select count(*) from (select from store.dirty where shard < 0 limit {MOST}) as counted),
  (select received_at from store.dirty join store.batch on batch.id = dirty.batch
   where shard >= 0 order by dirty.id limit 1),
  (select count(*) from (select from store.outbox limit {MOST}) as counted),
  (select created_at from store.outbox order by id limit 1),
  (select max(finished_at) from store.refresh_run),
  (select min(w.asked_at) from store.withdrawal w
   join store.subject s on s.id = w.subject and s.state = 0 where w.finished_at is null),
  (select max(finished_at) from store.retention_run where kept = 'batch')"""


class Backlog(NamedTuple):
    """What waits: counts up to ``MOST``, instants in microseconds, ``None`` where nothing waits.

    ``aside`` are rows of restricted subjects, which wait until the restriction ends; their
    withdrawals are not counted either.  ``expired_us`` is when everything was last gone over that
    expires: batches are what a run goes over last.
    """

    dirty: int
    aside: int
    dirty_since_us: int | None
    outbox: int
    outbox_since_us: int | None
    refreshed_us: int | None
    withdrawn_us: int | None
    expired_us: int | None


def look(connection: Connection) -> Backlog:
    """Give what waits now."""
    (row,) = rows_of(connection, _LOOK, ())
    return Backlog._make(row)
