"""Sizes of segments: counted once a refresh, so that the same question has the same answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from workers.store.packing import Instant, Int2s, Int4s
from workers.store.transactions import run

# The population of a segment: who could be in it, because its purpose is covered now.
_COUNT = """
insert into store.segment_count as held (segment, counted_at, members, population)
select asked.segment, given.now,
  (select count(*) from store.membership m join store.subject s on s.id = m.subject
   where m.segment = asked.segment and s.state = 0),
  coalesce(p.population, 0)
from (select %s as now, %s::int8 as now_us, %s as without_consent) given,
  unnest(%s, %s, %s) asked (segment, purpose, domain)
left join lateral (
  select count(*) as population from store.subject s
  where s.state = 0 and s.domain = asked.domain and (s.objected >> (asked.purpose - 1)) & 1 = 0
    and (asked.purpose = any(given.without_consent) or exists (
      select from generate_series(1, cardinality(s.consent), 3) i
      where s.consent[i] = asked.purpose
        and s.consent[i + 1] <= given.now_us and given.now_us < s.consent[i + 2]))) p on true
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
