"""What a no asked for: events lose the purpose that was withdrawn, and go when none is left.

A row is opened in the transaction of the no itself and closed in the one that found nothing more to
do, so a job that is killed is begun again by whoever looks next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from workers.store import outbox
from workers.store.packing import Instant, Int2s, Int4s, Int8s
from workers.store.taking import Taken
from workers.store.transactions import rows_of, run

TOPIC: Final = "erase-withdrawn"


class Withdrawal(NamedTuple):
    """One no that is still to be carried out."""

    id: int
    subject: int
    purpose: int


# One that is open takes further ones in: there is nothing they would ask for beside it.
_OPEN = """
insert into store.withdrawal (subject, purpose, asked_at)
select subject, purpose, %s from unnest(%s, %s) as asked (subject, purpose)
on conflict (subject, purpose) where finished_at is null do nothing
returning id"""

# Restricted subjects may need their data for a claim (Art. 18(1)); theirs wait until that ends.
_PENDING = """
select w.id, w.subject, w.purpose from store.withdrawal w
join store.subject s on s.id = w.subject and s.state = 0
where w.finished_at is null order by w.id limit %s"""

_HOLD = """
select id, subject, purpose from store.withdrawal
where id = any(%s) and finished_at is null order by id for update"""

_COUNT = """
update store.withdrawal w set deleted = w.deleted + t.deleted, narrowed = w.narrowed + t.narrowed
from unnest(%s, %s, %s) as t (id, deleted, narrowed) where w.id = t.id"""

_FINISH = "update store.withdrawal set finished_at = %s where id = any(%s)"


def ask(connection: Connection, asked: Collection[tuple[int, int]], now_us: int) -> None:
    """Ask for each (subject, purpose) that no longer allows what is stored, and wake the workers.

    The caller holds the registry rows for writing.
    """
    if not asked:
        return
    subjects, purposes = zip(*sorted(asked), strict=True)
    values = (Instant.of_us(now_us), Int8s.of(subjects), Int2s.of(purposes))
    opened = rows_of(connection, _OPEN, values)
    if opened:
        outbox.put(connection, TOPIC, max(row[0] for row in opened))


def pending(connection: Connection, limit: int) -> list[Withdrawal]:
    """Give the oldest that can be carried out now; none is held."""
    return [Withdrawal._make(row) for row in rows_of(connection, _PENDING, (limit,))]


def hold(connection: Connection, ids: Sequence[int]) -> list[Withdrawal]:
    """Give those still open, and let nobody else carry them out until we commit.

    The caller holds the registry rows of their subjects.
    """
    return [Withdrawal._make(row) for row in rows_of(connection, _HOLD, (Int8s.of(ids),))]


def count(connection: Connection, taken: Sequence[Taken]) -> None:
    """Write down how many events went, or lost the purpose, for each withdrawal."""
    if taken:
        ids, _, deleted, narrowed = zip(*taken, strict=True)
        run(connection, _COUNT, (Int8s.of(ids), Int4s.of(deleted), Int4s.of(narrowed)))


def finish(connection: Connection, ids: Sequence[int], now_us: int) -> None:
    """Close withdrawals for which nothing is left to do."""
    run(connection, _FINISH, (Instant.of_us(now_us), Int8s.of(ids)))
