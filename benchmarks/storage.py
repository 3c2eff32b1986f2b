"""What does a stored event take, heap and index, when it came in through the front door?"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from benchmarks.front import Front, all_taken
from benchmarks.load import drive
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures

ROWS = 300_000
AT_ONCE = 40  # batches
SIZES = b"""
select sum(pg_relation_size(inhrelid)), sum(pg_indexes_size(inhrelid)),
  (select count(*) from store.event)
from pg_inherits where inhparent = 'store.event'::regclass"""

BYTES = Row("stored-bytes", "stored bytes an event, heap and index", "B", bar=at_most(150))


@measures(Place.FRONT, BYTES)
def stored(run: Run) -> Iterator[Row]:
    """Fill the table as far as the rows before have not, and ask for its size."""
    front = run.front
    _fill(front, int(ROWS * run.scale))
    with psycopg.connect(front.owner, autocommit=True) as connection:
        connection.execute("vacuum analyze store.event")
        heap, index, count = connection.execute(SIZES).fetchone() or (0, 0, 1)
    BYTES.figures.append(float(heap + index) / count)
    BYTES.remark = f"{count:,} rows: heap {heap / count:.0f}, index {index / count:.0f}"
    yield BYTES


def _fill(front: Front, rows: int) -> None:
    while front.rows() < rows:
        all_taken(drive(front.url, front.batches(AT_ONCE, front.traffic()), connections=8))
