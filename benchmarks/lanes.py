"""The two lanes side by side: how soon a segment knows, and how far behind the workers are."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import psycopg

from benchmarks.ingest import BATCH, Bench
from benchmarks.latency import poisson
from benchmarks.load import Load, drive
from benchmarks.processes import GATEWAYS, resident_mib
from gateway.cli.refresh import brought_up
from policies.load import load_rulebook

LIVE_PER_SECOND = 1_000
LIVE_S = 10
BULK_S = 15
TOUCHED = 0.01
BEHIND = """
select coalesce(extract(epoch from now() - min(batch.received_at)), 0)::float8
from store.dirty join store.batch on batch.id = dirty.batch where shard >= 0"""

Fact = tuple[str, str, str]
"""What, what was measured, and the bar."""


def facts(bench: Bench, events_per_second: float) -> Iterator[Fact]:
    """Measure one fact after the other; *events_per_second* is what batches reached before."""
    live = int(LIVE_PER_SECOND * LIVE_S * bench.scale)
    alone = _live(bench, live)
    yield _latency("POST to membership readable, open loop", alone, live, "p99 < 100 ms")
    with _bulk_beside(bench, events_per_second / 2):
        beside = _live(bench, live)
    yield _latency("the same beside bulk at half its most", beside, live, "p99 < 200 ms")
    yield _behind(bench, events_per_second)
    yield _refreshed(bench)
    sizes = ", ".join(f"{size:.0f}" for size in resident_mib(GATEWAYS))
    yield "resident memory of each gateway, after all of it", f"{sizes} MiB", "400 MiB"


def _live(bench: Bench, count: int) -> Load:
    singles = bench.single_requests(count)
    return poisson(bench.url, singles, per_second=LIVE_PER_SECOND, seed=count)


def _latency(what: str, load: Load, count: int, bar: str) -> Fact:
    reached = load.per_second()
    said = f"p50 {load.median_ms():.1f} ms, p99 {load.quantile_ms(0.99):.1f} ms"
    other = {status: n for status, n in load.statuses.items() if status != 200}
    refused = f"; other answers {other}" if other else ""
    return what, f"{said} at {reached:,.0f} of {LIVE_PER_SECOND:,} a second, {count}{refused}", bar


@contextmanager
def _bulk_beside(bench: Bench, events_per_second: float) -> Iterator[None]:
    batches = max(2, int(events_per_second / BATCH * LIVE_S * bench.scale))
    sent = bench.batch_requests(batches)
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as other:
        future = other.submit(
            poisson, bench.url, sent, per_second=events_per_second / BATCH, seed=batches
        )
        yield
        future.result()


def _behind(bench: Bench, events_per_second: float) -> Fact:
    """Send batches as fast as they are taken; look how old the oldest unfolded event gets."""
    batches = max(4, int(events_per_second / BATCH * BULK_S * bench.scale))
    sent = bench.batch_requests(batches)
    ages: list[float] = []
    over = threading.Event()

    def look() -> None:
        with psycopg.connect(bench.owner, autocommit=True) as connection:
            while not over.wait(0.2):
                row = connection.execute(BEHIND).fetchone()
                ages.append(float(row[0]) if row else 0.0)

    watcher = threading.Thread(target=look)
    watcher.start()
    load = drive(bench.url, sent, connections=4)
    over.set()
    watcher.join()
    rate = load.per_second(BATCH)
    return (
        "features behind ingest, workers beside the load",
        f"{max(ages, default=0.0):.1f} s at most, at {rate:,.0f} events/s for {load.seconds:.0f} s",
        "5 s at 20 000/s",
    )


def _refreshed(bench: Bench) -> Fact:
    rules, addresses = load_rulebook(), bench.addresses
    brought_up(addresses, rules)
    began = time.perf_counter()
    everybody = brought_up(addresses, rules, full=True)
    full = time.perf_counter() - began
    touched = max(1, int(everybody.subjects * TOUCHED / 2))
    drive(bench.url, bench.single_requests(touched), connections=4)
    began = time.perf_counter()
    brought_up(addresses, rules)
    some = time.perf_counter() - began
    size = f"{everybody.subjects:,} subjects and {bench.rows():,} events"
    return (
        f"refresh after 1 % of {size}, against a full one",
        f"{some / full:.1%} ({some:.2f} s against {full:.1f} s)",
        "2 % at ten million",
    )
