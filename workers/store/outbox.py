"""What was committed and must be told to the workers: the relay's queue.

A row is written in the transaction it announces.  The insert's trigger notifies ``CHANNEL``; the
relay listens, and polls as well, since a notification may be lost and a row may not.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Int8s
from workers.store.transactions import driver_of, rows_of, run

CHANNEL = "paravent_outbox"


class Announcement(NamedTuple):
    """One row of the outbox: a topic, and the number of what it is about."""

    id: int
    topic: str
    reference: int


_PUT = "insert into store.outbox (topic, reference) values (%s, %s)"
_CLAIM = """
with first as (
  select id from store.outbox order by id limit %s for update skip locked
)
update store.outbox set claimed_at = now() from first where outbox.id = first.id
returning outbox.id, topic, reference"""
_DONE = "delete from store.outbox where id = any(%s)"


def put(connection: Connection, topic: str, reference: int) -> None:
    """Announce *reference* under *topic* once this transaction commits."""
    run(connection, _PUT, (topic, reference))


def claim(connection: Connection, limit: int) -> list[Announcement]:
    """Take up to *limit* rows, oldest first, that no other relay holds.

    They are held until the transaction ends: delete what was sent with ``done``, then commit.
    A relay killed in between leaves them for the next, so a message can be sent twice, never lost.
    """
    found = [Announcement._make(row) for row in rows_of(connection, _CLAIM, (limit,))]
    return sorted(found)


def done(connection: Connection, ids: Sequence[int]) -> None:
    """Delete rows whose message the broker has accepted."""
    run(connection, _DONE, (Int8s.of(ids),))


def listen(connection: Connection) -> None:
    """Subscribe an autocommit connection to ``CHANNEL``."""
    run(connection, f"listen {CHANNEL}", ())


def wait(connection: Connection, timeout_s: float) -> bool:
    """Wait for a notification on a listening connection; ``False`` when none came in time."""
    return any(True for _ in driver_of(connection).notifies(timeout=timeout_s, stop_after=1))
