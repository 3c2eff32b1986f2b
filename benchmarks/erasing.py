"""Does erasing somebody cost what they left, or what everybody left?

Buffers are counted by the server's own statistics over every table of the store, so whatever the
erasure's statements touch is in it: heap, indexes and what foreign keys look up.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from itertools import pairwise

import psycopg

from benchmarks.history import FEW, History
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures
from workers.store import erasure
from workers.store.transactions import transaction

TOUCHED = b"""
select sum(coalesce(heap_blks_read + heap_blks_hit, 0) + coalesce(idx_blks_read + idx_blks_hit, 0)
  + coalesce(toast_blks_read + toast_blks_hit, 0) + coalesce(tidx_blks_read + tidx_blks_hit, 0))
from pg_statio_all_tables where schemaname = 'store'"""

BUFFERS = Row("erase-buffers", f"erasing a {FEW}-event subject from the whole table", "buffers",
              "erasing one from a small table", at_most(2))  # fmt: skip
EACH = Row("erase-row", "erasing a subject of very many events, a row", "µs", bar=at_most(15))


@measures(Place.HISTORY, BUFFERS)
def small(run: Run) -> Iterator[Row]:
    """Erase while the table is small; the row is given once the table is large."""
    history = run.history
    history.begun()
    history.refreshed(full=True)
    BUFFERS.limits += _buffers(history)
    BUFFERS.remark = f"{history.stored:,} events"
    yield from ()


@measures(Place.HISTORY, BUFFERS, EACH)
def large(run: Run) -> Iterator[Row]:
    """Erase from the whole table: some with few events, then some with very many."""
    history = run.history
    history.whole()
    if not history.up_to_date:
        history.refreshed(full=True)
    BUFFERS.figures += _buffers(history)
    BUFFERS.remark = f"{history.stored:,} events against {BUFFERS.remark}"
    counts: list[int] = []
    for subject in history.special.take(history.many):
        began = time.perf_counter()
        with transaction(history.gateway) as connection:
            counts.append(sum(erasure.erase(connection, [subject]).values()))
        EACH.figures.append((time.perf_counter() - began) * 1e6 / counts[-1])
    rows = statistics.median(counts)
    EACH.remark = f"{rows:,.0f} rows a subject of {history.stored:,}, the commit included"
    yield from (row for row in (BUFFERS, EACH) if run.wants(row))


def _buffers(history: History) -> list[float]:
    """Give the buffers of each erasure.

    Nobody is erased first: what the connection did before, it then has told the statistics.
    """
    counted = [_touched(history.owner)]
    for subject in [0, *history.special.take(FEW)]:
        with transaction(history.gateway) as connection:
            erasure.erase(connection, [subject])
            connection.exec_driver_sql("select pg_stat_force_next_flush()")
        counted.append(_touched(history.owner))
    return [after - before for before, after in pairwise(counted[1:])]


def _touched(owner: str) -> float:
    with psycopg.connect(owner, autocommit=True) as connection:
        row = connection.execute(TOUCHED).fetchone()
    return float(row[0]) if row else 0.0
