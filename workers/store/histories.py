"""Reading what the fold needs of stored events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from workers.store.packing import Instant, Int8s
from workers.store.transactions import rows_of

Fact = tuple[int, int, int, int]
"""Instant in microseconds, message, event name, amount."""

# One index scan a subject: the inner query may not be flattened (`offset 0`), or the planner would
# rather read whole partitions.
_ALL = """
select e.* from unnest(%s) s (subject) cross join lateral (
  select subject, at, mid, name, coalesce(amount, 0) from store.event
  where subject = s.subject and at <= coalesce(%s::timestamptz, 'infinity') offset 0) e"""

_SOME = """
select e.* from unnest(%s, %s) s (subject, mid) cross join lateral (
  select subject, at, mid, name, coalesce(amount, 0) from store.event
  where subject = s.subject and mid = s.mid offset 0) e"""


def of_subjects(
    connection: Connection, subjects: Sequence[int], *, until_us: int | None = None
) -> dict[int, list[Fact]]:
    """Give every stored fact of *subjects*, in no order, up to and including *until_us*."""
    until = None if until_us is None else Instant.of_us(until_us)
    return _grouped(rows_of(connection, _ALL, (Int8s.of(subjects), until)))


def of_messages(
    connection: Connection, wanted: Mapping[int, Sequence[int]]
) -> dict[int, list[Fact]]:
    """Give the facts of the named messages, per subject; a message deleted since is absent."""
    pairs = [(subject, mid) for subject, mids in wanted.items() for mid in mids]
    columns = (Int8s.of([pair[0] for pair in pairs]), Int8s.of([pair[1] for pair in pairs]))
    return _grouped(rows_of(connection, _SOME, columns))


def _grouped(rows: Sequence[tuple[int, ...]]) -> dict[int, list[Fact]]:
    found: dict[int, list[Fact]] = {}
    for subject, at_us, mid, name, amount in rows:
        found.setdefault(subject, []).append((at_us, mid, name, amount))
    return found


