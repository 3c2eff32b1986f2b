"""Segments and who belongs to them, by surrogate only."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from workers.store.packing import Uuids
from workers.store.transactions import rows_of


class SegmentRow(NamedTuple):
    """One version of a segment's definition."""

    id: int
    key: str
    version: int
    purpose: int
    definition_hash: str


class Holder(NamedTuple):
    """What a look-up by pseudonym finds: the registry's row, and the memberships."""

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


_ALL = "select id, key, version, purpose, definition_hash from store.segment order by key, version"

_OF_PIDS = """
select known.id, known.pid, known.state, known.objected, known.consent,
  coalesce(array_agg(held.segment) filter (where held.segment is not null), '{}'),
  coalesce(array_agg((extract(epoch from held.since) * 1000000)::int8)
    filter (where held.segment is not null), '{}')
from store.subject as known left join store.membership as held on held.subject = known.id
where known.pid = any(%s) and known.state <> 2
group by known.id"""

_SIZES = """
select segment, counted_at, members, population from store.segment_count order by segment"""

_MEMBERS = """
select membership.subject, membership.since from store.membership
where segment = %s and subject > %s order by subject limit %s"""


def definitions(connection: Connection) -> list[SegmentRow]:
    """Give every version of every segment ever defined, by key and version."""
    return [SegmentRow._make(row) for row in rows_of(connection, _ALL, ())]


def of_pids(connection: Connection, pids: Sequence[bytes]) -> dict[bytes, Holder]:
    """Give what is held of these pseudonyms in one round trip; an erased one is absent.

    Restriction, objection and consent are the caller's to apply: they are in the answer.
    """
    found = rows_of(connection, _OF_PIDS, (Uuids.of_bytes(pids),))
    return {
        row[1]: Holder._make((*row[:5], dict(zip(row[5], row[6], strict=True)))) for row in found
    }


def sizes(connection: Connection) -> dict[int, Size]:
    """Give the kept counts by segment number."""
    return {row[0]: Size._make(row) for row in rows_of(connection, _SIZES, ())}


def members(
    connection: Connection, segment: int, *, after: int = 0, limit: int = 10_000
) -> list[tuple[int, int]]:
    """Give one page of (subject, since_us), by subject number; *after* is the last one seen."""
    return [(row[0], row[1]) for row in rows_of(connection, _MEMBERS, (segment, after, limit))]
