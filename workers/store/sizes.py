"""Sizes of segments: counted once a refresh, so that the same question has the same answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from workers.store.packing import Instant, Int2s, Int4s
from workers.store.transactions import run

# The population of a segment: who could be in it, because its purpose is covered now.  Everybody is
# looked at once whatever the number of segments.  A subject has at most one triplet a purpose; the
# join with their places takes a fraction of a set-returning function for every row and segment.  An
# array is unpacked from its row once an element asked for, so it is copied (`|| '{}'`) first.
_COUNT = """
with given as (select %s as now, %s::int8 as now_us, %s as without_consent),
consented (domain, purpose, objected, subjects) as materialized (
  select s.domain, s.consent[place.at], s.objected, count(*)
  from (select 3 * row_number() over () - 2 from store.purpose) as place (at)
  join (select domain, objected, consent || '{}' as consent from store.subject
    where state = 0 offset 0) as s
    on s.consent[place.at + 1] <= (select now_us from given)
    and s.consent[place.at + 2] > (select now_us from given)
  group by 1, 2, 3),
covered (domain, purpose, subjects) as (
  select domain, purpose, subjects from consented
  where (objected >> (purpose - 1)::int) & 1 = 0
    and purpose <> all((select without_consent from given)::int2[])
  union all
  select s.domain, p.purpose, count(*) from store.subject s
  join unnest((select without_consent from given)) p (purpose)
    on (s.objected >> (p.purpose - 1)) & 1 = 0
  where s.state = 0 group by 1, 2),
populations as (select domain, purpose, sum(subjects) as population from covered group by 1, 2),
members as (
  select segment, count(*) as members from store.membership m
  where not exists (select from store.subject s where s.id = m.subject and s.state <> 0)
  group by segment)
insert into store.segment_count as held (segment, counted_at, members, population)
select asked.segment, (select now from given), coalesce(m.members, 0), coalesce(p.population, 0)
from unnest(%s, %s, %s) asked (segment, purpose, domain)
left join members m on m.segment = asked.segment
left join populations p on p.domain = asked.domain and p.purpose = asked.purpose
on conflict (segment) do update
set counted_at = excluded.counted_at, members = excluded.members,
  population = excluded.population"""

_FORGET = "delete from store.segment_count where segment <> all(%s)"
_LEAVE = "delete from store.membership where segment <> all(%s)"


def count(
    connection: Connection,
    segments: Sequence[tuple[int, int, int]],
    *,
    without_consent: Collection[int],
    now_us: int,
) -> None:
    """Count the members and the population of *segments* as (segment, purpose, domain).

    The exact numbers are kept here and nowhere shown: whoever reads applies the disclosure floor.
    """
    numbers, purposes, domains = zip(*segments, strict=True) if segments else ((), (), ())
    values = (
        Instant.of_us(now_us),
        now_us,
        Int2s.of(sorted(without_consent)),
        Int4s.of(numbers),
        Int2s.of(purposes),
        Int2s.of(domains),
    )
    run(connection, _COUNT, values)


def forget_others(connection: Connection, segments: Collection[int]) -> None:
    """Remove counts and memberships of segments the rulebook no longer declares."""
    kept = (Int4s.of(sorted(segments)),)
    run(connection, _FORGET, kept)
    run(connection, _LEAVE, kept)
