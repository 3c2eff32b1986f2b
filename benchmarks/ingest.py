"""Durable ingest of batches against the same rows by COPY, and what makes it slower."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from benchmarks import limits
from benchmarks.front import BATCH
from benchmarks.rows import Row, at_least
from benchmarks.suite import Place, Run, interleaved, measures
from benchmarks.traffic import ONE_DOMAIN

COPY_ROWS = 30_000
NAMING = 0.03  # share of the texts that hold an e-mail address or a telephone number
COPIED = "binary COPY of the same rows, same table, same key, one connection"

TWO = Row("ingest", "durable ingest, 500-event gzip batches, two domains", "rows/s", COPIED,
          at_least(0.5))  # fmt: skip
ONE = Row("ingest-one-domain", "the same, one domain", "rows/s", COPIED, at_least(0.5))
PAIRED = Row("ingest-two-gateways", "the same, two domains, two gateway processes", "rows/s",
             COPIED, at_least(0.5))  # fmt: skip
BESIDE = Row("ingest-folding", "the same, two domains, workers folding beside it", "rows/s", COPIED)
SIGHTS = Row("first-sights", "the same, every event of a visitor never seen", "rows/s", COPIED)
NAMES = Row("ingest-personal", "the same, 3 % of the texts with an e-mail or telephone number",
            "rows/s", "traffic without", at_least(0.25))  # fmt: skip


@measures(Place.FRONT, TWO, ONE, BESIDE, SIGHTS, NAMES)
def ingest(run: Run) -> Iterator[Row]:
    """Measure batches of every kind in turn."""
    front, copied = run.front, _copied(run)
    yield from interleaved(
        run,
        [
            (TWO, front.rows_per_second, copied),
            (ONE, lambda: front.rows_per_second(ONE_DOMAIN), copied),
            (BESIDE, lambda: front.rows_per_second(workers=True), copied),
            (SIGHTS, front.first_sights, copied),
            (NAMES, lambda: front.rows_per_second(personal=NAMING), front.rows_per_second),
        ],
    )
    if BESIDE.measured:  # an event of this traffic is two rows
        run.bulk_events_per_second = statistics.median(BESIDE.figures) / 2


@measures(Place.PAIR, PAIRED)
def paired(run: Run) -> Iterator[Row]:
    """Measure batches with an interpreter a core."""
    yield from interleaved(run, [(PAIRED, run.front.rows_per_second, _copied(run))])


def _copied(run: Run) -> Callable[[], float]:
    table = limits.Copied(run.front.owner)
    rows = int(COPY_ROWS * max(run.scale, 0.2))
    return lambda: table.rows_per_second(rows, commit=BATCH)
