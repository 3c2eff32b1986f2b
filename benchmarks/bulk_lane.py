"""How far are features behind ingest while large batches come without a pause?

The workers of the installation drain; the age of the oldest event that waits is looked at five
times a second, also after the last batch until nothing waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks.front import BATCH, bulk_events_per_second
from benchmarks.latency import poisson
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures

PER_SECOND = 20_000
LASTING_S = 15
LOOKS_APART_S = 0.2
BEHIND = b"""
select coalesce(extract(epoch from clock_timestamp() - min(batch.received_at)), 0)::float8
from store.dirty join store.batch on batch.id = dirty.batch where shard >= 0"""

LAG = Row("bulk-lag", "features behind ingest at 20,000 events/s, at most", "s", bar=at_most(5))


@measures(Place.FRONT, LAG)
def behind(run: Run) -> Iterator[Row]:
    """Send batches at the rate, or as fast as they are taken, and watch what waits."""
    lasting = max(3.0, LASTING_S * run.scale)
    # A quarter more than was reached before, so that the senders do not run dry.
    rate = min(PER_SECOND, 1.25 * bulk_events_per_second(run))
    front = run.front
    sent = front.batches(int(rate * lasting / BATCH), front.traffic())
    with _watched(front.owner) as ages:
        load = poisson(
            front.url, sent, per_second=PER_SECOND / BATCH, seed=len(sent), connections=8,
            lasting_s=lasting,
        )  # fmt: skip
        while_sent = max(ages, default=0.0)
        began = time.perf_counter()
        front.settle()
    LAG.figures.append(max(ages, default=0.0))
    LAG.remark = (
        f"{load.per_second(BATCH):,.0f} events/s reached for {load.seconds:.0f} s;"
        f" {while_sent:.1f} s while they came, nothing waited {time.perf_counter() - began:.1f} s"
        f" after the last"
    )
    other = {status: count for status, count in load.statuses.items() if status != 200}
    if other:
        LAG.remark += f"; other answers {other}"
    yield LAG


@contextmanager
def _watched(owner: str) -> Iterator[list[float]]:
    """Collect the age of the oldest event that waits, as long as the block runs."""
    ages: list[float] = []
    over = threading.Event()

    def look() -> None:
        with psycopg.connect(owner, autocommit=True) as connection:
            while not over.wait(LOOKS_APART_S):
                row = connection.execute(BEHIND).fetchone()
                ages.append(float(row[0]) if row else 0.0)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield ages
    finally:
        over.set()
        watcher.join()
