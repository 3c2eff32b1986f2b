"""Taking purposes from stored events; those left with none are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Instants, Int4s, Int8s
from workers.store.transactions import rows_of

LIMIT: Final = 5_000  # events a transaction: about 50 ms


class Asked(NamedTuple):
    """Which purposes (bits) a subject's events from before an instant lose, and why, by number."""

    id: int
    subject: int
    purposes: int
    before_us: int


class Taken(NamedTuple):
    """How many events of a subject went, or lost a purpose, for one reason."""

    id: int
    subject: int
    deleted: int
    narrowed: int


# A row of `unnest` is looked up in the one partition that can hold it.  An event meets everything
# asked about its subject at once, so that one which loses two purposes is written once.
_TAKE = """
with asked as materialized (
  select * from unnest(%s, %s, %s, %s) as asked (id, subject, bits, before)
), whose as (select distinct subject from asked),
found as materialized (
  select e.subject, e.mid, e.at, e.purposes,
    e.purposes & ~(select bit_or(a.bits) from asked a
                   where a.subject = e.subject and e.at < a.before) as left_over
  from whose join store.event e on e.subject = whose.subject
  where exists (select from asked a
                where a.subject = e.subject and e.at < a.before and e.purposes & a.bits <> 0)
  limit %s
), gone as (
  delete from store.event e using found f
  where e.subject = f.subject and e.mid = f.mid and f.left_over = 0
), narrowed as (
  update store.event e set purposes = f.left_over from found f
  where e.subject = f.subject and e.mid = f.mid and f.left_over <> 0
)
select a.id, a.subject,
  count(*) filter (where f.left_over = 0), count(*) filter (where f.left_over <> 0)
from found f
join asked a on a.subject = f.subject and f.at < a.before and f.purposes & a.bits <> 0
group by a.id, a.subject"""


def take(connection: Connection, asked: Sequence[Asked], limit: int) -> list[Taken]:
    """Take purposes from up to *limit* events; where nothing was found, a reason is absent.

    The caller holds the registry rows of the subjects alone, and folds anew who lost events.  An
    event that loses two purposes counts for both.
    """
    ids, subjects, purposes, before = zip(*asked, strict=True)
    values = (
        Int8s.of(ids), Int8s.of(subjects), Int4s.of(purposes), Instants.of_us(before), limit
    )  # fmt: skip
    return [Taken._make(row) for row in rows_of(connection, _TAKE, values)]


def full(taken: Sequence[Taken], limit: int) -> bool:
    """Say whether there may be more: too often where events lost two purposes, never too seldom."""
    return sum(each.deleted + each.narrowed for each in taken) >= limit
