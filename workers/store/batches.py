"""Batches: what was received together, from whom, by which lane and under which rulebook."""

from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Instant
from workers.store.transactions import rows_of, run

LIVE, BULK = 0, 1


class BatchRow(NamedTuple):
    """One batch."""

    id: int
    received_at_us: int
    source: int | None  # None: several sources in one group commit
    lane: int
    rulebook: int
    events: int


_CREATE = """
insert into store.batch (source, lane, rulebook, events) values (%s, %s, %s, %s) returning id"""
_READ = """
select id, received_at, source, lane, rulebook, events from store.batch where id = %s"""
_EXPIRE = """
delete from store.batch where id in (
  select id from store.batch where received_at < %s
  and not exists (select from store.dirty where dirty.batch = batch.id) order by id limit %s)"""


def create(
    connection: Connection, *, source: int | None, lane: int, rulebook: int, events: int
) -> int:
    """Add a batch received now and give its number, which its events carry."""
    ((number,),) = rows_of(connection, _CREATE, (source, lane, rulebook, events))
    return int(number)


def read(connection: Connection, number: int) -> BatchRow | None:
    """Give a batch, or ``None`` when it is gone."""
    found = rows_of(connection, _READ, (number,))
    return BatchRow._make(found[0]) if found else None


def expire(connection: Connection, *, before_us: int, limit: int) -> int:
    """Delete up to *limit* batches received before an instant with nothing left to fold."""
    return run(connection, _EXPIRE, (Instant.of_us(before_us), limit))
