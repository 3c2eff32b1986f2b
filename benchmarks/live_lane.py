"""How soon is an event in its person's segments, alone and beside a bulk load?

In the live lane the answer to the POST is the moment at which the membership is readable; that it
is, is looked up for a sample of newcomers while the load runs.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.front import BATCH, Front, bulk_events_per_second
from benchmarks.latency import poisson
from benchmarks.load import Load
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures
from benchmarks.traffic import CONSENT

PER_SECOND = 1_000
LASTING_S = 20
SAMPLES_APART_S = 0.5
WHAT = "POST sent to membership readable, open loop of 1,000/s"

P50 = Row("live-p50", f"{WHAT}, median", "ms")
P99 = Row("live-p99", "the same, 99th percentile", "ms", bar=at_most(100))
BESIDE_P50 = Row("live-beside-bulk-p50", "the same beside bulk at half its most, median", "ms")
BESIDE_P99 = Row("live-beside-bulk-p99", "the same, 99th percentile", "ms", bar=at_most(200))


@measures(Place.FRONT, P50, P99)
def alone(run: Run) -> Iterator[Row]:
    """Send single events at random instants."""
    with _sampled(run.front) as sample:
        load = _live(run)
    remark = f"{_reached(load)}; {sample.said()}"
    yield from _filled((P50, P99), load, remark)


@measures(Place.FRONT, BESIDE_P50, BESIDE_P99)
def beside(run: Run) -> Iterator[Row]:
    """Do it again while batches come at half the rate at which they can."""
    rate = bulk_events_per_second(run) / 2
    with _sampled(run.front) as sample, _bulk(run, rate) as bulk:
        load = _live(run)
    got = f"bulk {bulk[0].per_second(BATCH):,.0f} of {rate:,.0f} events/s{_others(bulk[0])}"
    yield from _filled((BESIDE_P50, BESIDE_P99), load, f"{_reached(load)}; {got}; {sample.said()}")
    run.front.settle()


def _filled(rows: tuple[Row, Row], load: Load, remark: str) -> Iterator[Row]:
    for row, figure in zip(rows, (load.median_ms(), load.quantile_ms(0.99)), strict=True):
        row.figures.append(figure)
        row.remark = remark
        yield row


def _live(run: Run) -> Load:
    count = int(PER_SECOND * LASTING_S * run.scale)
    return poisson(run.front.url, run.front.singles(count), per_second=PER_SECOND, seed=count)


def _reached(load: Load) -> str:
    return f"{load.per_second():,.0f}/s for {load.seconds:.0f} s{_others(load)}"


def _others(load: Load) -> str:
    other = {status: count for status, count in load.statuses.items() if status != 200}
    return f", other answers {other}" if other else ""


@contextmanager
def _bulk(run: Run, events_per_second: float) -> Iterator[list[Load]]:
    """Send batches from another process; what came of them is in the list at the end."""
    per_second = events_per_second / BATCH
    count = max(2, int(per_second * LASTING_S * run.scale))
    sent = run.front.batches(count, run.front.traffic())
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as other:
        other.submit(time.time).result()  # it has started
        future = other.submit(poisson, run.front.url, sent, per_second=per_second, seed=count)
        loads: list[Load] = []
        yield loads
        loads.append(future.result())


@dataclass(slots=True)
class _Sample:
    """Newcomers who look up their own segments when their first event was answered."""

    asked: int = 0
    readable: int = 0

    def said(self) -> str:
        """Say how many memberships were there when they should be."""
        return f"{self.readable} of {self.asked} memberships looked up were there"


@contextmanager
def _sampled(front: Front) -> Iterator[_Sample]:
    sample, over = _Sample(), threading.Event()
    thread = threading.Thread(target=_look, args=(front, sample, over))
    thread.start()
    try:
        yield sample
    finally:
        over.set()
        thread.join()


def _look(front: Front, sample: _Sample, over: threading.Event) -> None:
    host = urlsplit(front.url).netloc
    connection = http.client.HTTPConnection(host, timeout=30)
    while not over.wait(SAMPLES_APART_S):
        person = f"sampled-{time.time_ns()}"
        added = {"userId": person, "event": "Product Added", "context": {"consent": CONSENT},
                 "properties": {"product_id": "ref-0001", "price": 18.15}}  # fmt: skip
        asked = {"identifier": {"kind": "user_id", "value": person}}
        for path, body in (("/v1/track", added), ("/v1/subjects/segments", asked)):
            connection.request("POST", path, json.dumps(body), front.headers)
            answer = connection.getresponse().read()
        sample.asked += 1
        sample.readable += bool(json.loads(answer).get("segments"))
    connection.close()
