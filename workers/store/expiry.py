"""Events past their retention: whose they are, and their deletion."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from workers.store.packing import Instant, Int8s
from workers.store.transactions import rows_of, run

# The block-range index on `at` finds the old end of the table; restricted and erased subjects are
# left out here, so that they never fill a batch.
_HOLDERS = """
select distinct old.subject from (
  select e.subject from store.event e join store.subject s on s.id = e.subject and s.state = 0
  where e.at <= %s and e.purposes & %s::int4 = 0 limit %s) old order by old.subject"""

_DELETE = """
delete from store.event e using (
  select subject, mid from store.event
  where subject = any(%s) and at <= %s and purposes & %s::int4 = 0 limit %s) old
where e.subject = old.subject and e.mid = old.mid"""


def holders(connection: Connection, lacking: int, *, before_us: int, limit: int) -> list[int]:
    """Give some subjects with events up to *before_us* that lack every purpose of a bit mask."""
    values = (Instant.of_us(before_us), lacking, limit)
    return [row[0] for row in rows_of(connection, _HOLDERS, values)]


def delete(
    connection: Connection, subjects: Sequence[int], lacking: int, *, before_us: int, limit: int
) -> int:
    """Delete such events of *subjects*, whose registry rows are held; give how many went."""
    if not subjects:
        return 0
    return run(connection, _DELETE, (Int8s.of(subjects), Instant.of_us(before_us), lacking, limit))
