"""Reading and writing memberships: only what changes is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection

from workers.store.packing import Instant, Int2s, Int4s, Int8s
from workers.store.transactions import rows_of, run

_READ = """
select subject, segment from store.membership where subject = any(%s)"""

_JOIN = """
insert into store.membership (subject, segment, since, computed_at)
select n.subject, n.segment, i.now, i.now
from unnest(%s, %s) n (subject, segment), (select %s as now) i
order by n.subject, n.segment
on conflict (subject, segment) do nothing"""

_LEAVE = """
delete from store.membership m using unnest(%s, %s) n (subject, segment)
where m.subject = n.subject and m.segment = n.segment"""

_DROP = """
delete from store.membership m using store.segment s
where m.subject = any(%s) and s.id = m.segment and (s.purpose = any(%s) or s.id = any(%s))"""


def of_subjects(connection: Connection, subjects: Sequence[int]) -> dict[int, set[int]]:
    """Give the segments each of *subjects* belongs to; one who belongs to none is absent."""
    found: dict[int, set[int]] = {}
    for subject, segment in rows_of(connection, _READ, (Int8s.of(subjects),)):
        found.setdefault(subject, set()).add(segment)
    return found


def settle(connection: Connection, wanted: Mapping[int, Collection[int]], *, now_us: int) -> int:
    """Make the memberships of the subjects in *wanted* what it says; give how many changed.

    A membership that stays is not touched: its ``since`` is when the subject joined.
    """
    held = of_subjects(connection, list(wanted)) if wanted else {}
    joined, left = [], []
    for subject, segments in wanted.items():
        before = held.get(subject, set())
        joined += [(subject, segment) for segment in segments if segment not in before]
        left += [(subject, segment) for segment in before if segment not in segments]
    if joined:
        run(connection, _JOIN, (*_pairs(joined), Instant.of_us(now_us)))
    if left:
        run(connection, _LEAVE, _pairs(left))
    return len(joined) + len(left)


def drop(
    connection: Connection,
    subjects: Iterable[int],
    *,
    purposes: Iterable[int],
    segments: Iterable[int],
) -> int:
    """Remove memberships of *subjects* in segments of *purposes*, and in *segments*."""
    values = (Int8s.of(list(subjects)), Int2s.of(list(purposes)), Int4s.of(list(segments)))
    return run(connection, _DROP, values)


def _pairs(pairs: Sequence[tuple[int, int]]) -> tuple[Int8s, Int4s]:
    return Int8s.of([pair[0] for pair in pairs]), Int4s.of([pair[1] for pair in pairs])
