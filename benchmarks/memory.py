"""Does a gateway's memory stay where it is while millions of events pass through?

Batches are written once and sent again with another word in their message numbers and in some of
their texts, so that writing them takes no time from what is measured, and no cache knows it all.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.front import BATCH, Front, all_taken
from benchmarks.load import drive
from benchmarks.processes import GATEWAYS, resident_mib
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures
from benchmarks.traffic import MARK, packed

WRITTEN = 40  # batches
FIRST = 0.2  # share of the events after which memory has to stay
LOOKS_APART_S = 0.5

GROWTH = Row("memory-growth", "resident memory of the largest gateway in the last four fifths",
             "MiB", "the end of the first fifth", at_most(1.1))  # fmt: skip
MOST = Row("memory", "the same, at most", "MiB", bar=at_most(400))

Look = tuple[int, float]
"""How many batches had been handed out, and the memory of the largest gateway."""


@measures(Place.FRONT, GROWTH, MOST)
def memory(run: Run) -> Iterator[Row]:
    """Send batches without a pause and look at the gateways meanwhile."""
    batches = int((5_000_000 if run.full else 1_000_000) * run.scale) // BATCH
    with _watched() as (handed, looks):
        load = drive(run.front.url, _again(run.front, batches, handed), connections=8)
        all_taken(load)
    first = [mib for sent, mib in looks if sent <= FIRST * batches]
    rest = [mib for sent, mib in looks if sent > FIRST * batches]
    GROWTH.figures.append(max(rest))
    GROWTH.limits.append(first[-1])
    MOST.figures.append(max(mib for _, mib in looks))
    sizes = ", ".join(f"{mib:.0f}" for mib in resident_mib(GATEWAYS))
    MOST.remark = f"at the end {sizes} MiB of {len(resident_mib(GATEWAYS))} gateway(s)"
    GROWTH.remark = f"{batches * BATCH:,} events at {load.per_second(BATCH):,.0f}/s"
    yield from (row for row in (GROWTH, MOST) if run.wants(row))


def _again(front: Front, count: int, handed: list[int]) -> Iterator[bytes]:
    """Write requests of *count* batches, each at the moment it is sent."""
    traffic, dice = front.traffic(), random.Random(count)  # noqa: S311  # no secret
    texts = [traffic.text(BATCH) for _ in range(min(WRITTEN, count))]
    for number in range(count):
        word = f"{dice.getrandbits(32):08x}".encode()
        text = texts[number % len(texts)].replace(MARK.encode(), word)
        handed[0] = number + 1
        yield front.batch(packed(text, level=1))


@contextmanager
def _watched() -> Iterator[tuple[list[int], list[Look]]]:
    """Collect the memory of the largest gateway as long as the block runs."""
    handed, looks = [0], list[Look]()
    over = threading.Event()

    def look() -> None:
        while True:
            looks.append((handed[0], max(resident_mib(GATEWAYS), default=0.0)))
            if over.wait(LOOKS_APART_S):
                return

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield handed, looks
    finally:
        over.set()
        watcher.join()
        looks.append((handed[0], max(resident_mib(GATEWAYS), default=0.0)))
