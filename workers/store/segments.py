"""Segments and who belongs to them, by surrogate only."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import Connection

from workers.store.packing import Instant, Instants, Int4s, Int8s, Uuids
from workers.store.transactions import rows_of, run


class SegmentRow(NamedTuple):
    """One version of a segment's definition."""

    id: int
    key: str
    version: int
    purpose: int
    definition_hash: str


class Holder(NamedTuple):
    """What a look-up by pseudonym finds: the registry's row and the memberships (segment: since)."""

    id: int
    pid: bytes
    state: int
    objected: int
    consent: list[int]
    memberships: dict[int, int]  # segment number: since, microseconds


class Size(NamedTuple):
    """How many belong to a segment, exactly.  Never published without the disclosure floor."""

    segment: int
    counted_at_us: int
    members: int
    population: int


_DEFINE = """
insert into store.segment (key, version, purpose, definition_hash, definition, rulebook)
values (%s, %s, %s, %s, %s, %s)
on conflict (key, version) do nothing returning id, definition_hash"""
_DEFINED = "select id, definition_hash from store.segment where key = %s and version = %s"
_ALL = "select id, key, version, purpose, definition_hash from store.segment order by key, version"

_OF_SUBJECTS = """
select subject, segment, since from store.membership where subject = any(%s)"""

_OF_PIDS = """
select known.id, known.pid, known.state, known.objected, known.consent,
  coalesce(array_agg(held.segment) filter (where held.segment is not null), '{}'),
  coalesce(array_agg((extract(epoch from held.since) * 1000000)::int8)
    filter (where held.segment is not null), '{}')
from store.subject as known left join store.membership as held on held.subject = known.id
where known.pid = any(%s) and known.state <> 2
group by known.id"""

# Leaving and joining in one statement: both act on the same snapshot and touch different rows.
_CHANGE = """
with gone as (
  delete from store.membership using unnest(%s, %s) as left_ (subject, segment)
  where membership.subject = left_.subject and membership.segment = left_.segment
)
insert into store.membership (subject, segment, since, computed_at)
select subject, segment, since, %s from unnest(%s, %s, %s) as joined (subject, segment, since)
order by subject, segment
on conflict (subject, segment) do update set computed_at = excluded.computed_at"""

_LEAVE_PURPOSE = """
delete from store.membership using store.segment
where segment.id = membership.segment and segment.purpose = any(%s)
and membership.subject = any(%s)"""

_RECOUNT = """
insert into store.segment_count (segment, counted_at, members, population)
select segment.id, %s, count(held.subject), %s
from store.segment left join store.membership as held on held.segment = segment.id
where segment.id = any(%s) group by segment.id order by segment.id
on conflict (segment) do update set counted_at = excluded.counted_at,
  members = excluded.members, population = excluded.population"""

_SIZES = """
select segment, counted_at, members, population from store.segment_count order by segment"""

_POPULATION = "select count(*) from store.state where events > 0"

_MEMBERS = """
select membership.subject, membership.since from store.membership
where segment = %s and subject > %s order by subject limit %s"""


def define(
    connection: Connection,
    row: SegmentRow,
    definition: Mapping[str, Any],
    *,
    rulebook: int,
) -> SegmentRow:
    """Store a version of a segment if it is new; give it with its number (``row.id`` is ignored).

    Raises:
        ValueError: the version exists with another definition; a change needs a new version.
    """
    values = (row.key, row.version, row.purpose, row.definition_hash, Jsonb(definition), rulebook)
    found = rows_of(connection, _DEFINE, values)
    found = found or rows_of(connection, _DEFINED, (row.key, row.version))
    number, definition_hash = found[0]
    if definition_hash != row.definition_hash:
        raise ValueError(f"segment {row.key} version {row.version} exists and differs")
    return row._replace(id=number)


def definitions(connection: Connection) -> list[SegmentRow]:
    """Give every version of every segment ever defined, by key and version."""
    return [SegmentRow._make(row) for row in rows_of(connection, _ALL, ())]


def of_subjects(connection: Connection, subjects: Sequence[int]) -> dict[int, dict[int, int]]:
    """Give the memberships of *subjects*: subject, then segment, then since in microseconds."""
    held: dict[int, dict[int, int]] = {subject: {} for subject in subjects}
    for subject, segment, since in rows_of(connection, _OF_SUBJECTS, (Int8s.of(subjects),)):
        held[subject][segment] = since
    return held


def of_pids(connection: Connection, pids: Sequence[bytes]) -> dict[bytes, Holder]:
    """Give what is held of these pseudonyms in one round trip; an erased one is absent.

    Restriction, objection and consent are the caller's to apply: they are in the answer.
    """
    found = rows_of(connection, _OF_PIDS, (Uuids.of_bytes(pids),))
    return {
        row[1]: Holder(*row[:5], memberships=dict(zip(row[5], row[6], strict=True)))
        for row in found
    }


def change(
    connection: Connection,
    *,
    joined: Sequence[tuple[int, int, int]],
    left: Sequence[tuple[int, int]],
    computed_at_us: int,
) -> None:
    """Write changes of membership, in one statement: joined are (subject, segment, since_us).

    The caller holds the registry rows of the subjects and found them alive.
    """
    if not joined and not left:
        return
    gone = list(zip(*left, strict=True)) or [(), ()]
    come = list(zip(*joined, strict=True)) or [(), (), ()]
    values = (
        Int8s.of(gone[0]),
        Int4s.of(gone[1]),
        Instant.of_us(computed_at_us),
        Int8s.of(come[0]),
        Int4s.of(come[1]),
        Instants.of_us(come[2]),
    )
    run(connection, _CHANGE, values)


def leave_purpose(connection: Connection, subjects: Sequence[int], purposes: Iterable[int]) -> int:
    """End the memberships of *subjects* that rest on *purposes*; give how many there were."""
    return run(connection, _LEAVE_PURPOSE, (Int4s.of(list(purposes)), Int8s.of(subjects)))


def recount(
    connection: Connection, segments: Sequence[int], *, population: int, now_us: int
) -> None:
    """Count the members of *segments* and keep the numbers."""
    run(connection, _RECOUNT, (Instant.of_us(now_us), population, Int4s.of(segments)))


def sizes(connection: Connection) -> dict[int, Size]:
    """Give the kept counts by segment number."""
    return {row[0]: Size._make(row) for row in rows_of(connection, _SIZES, ())}


def population(connection: Connection) -> int:
    """Give how many subjects have a state: all that could be in a segment."""
    ((count,),) = rows_of(connection, _POPULATION, ())
    return int(count)


def members(
    connection: Connection, segment: int, *, after: int = 0, limit: int = 10_000
) -> list[tuple[int, int]]:
    """Give one page of (subject, since_us), by subject number; *after* is the last one seen."""
    return [(row[0], row[1]) for row in rows_of(connection, _MEMBERS, (segment, after, limit))]
