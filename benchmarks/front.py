"""A whole installation under load: what is sent to it, and how much of it was stored."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.load import Load, drive, request
from benchmarks.processes import WORKERS, at_rest
from benchmarks.suite import Run, say
from benchmarks.traffic import CONSENT, Population, Traffic
from gateway.cli.started import Started, Wanted, started

BATCH = 500
BATCHES = 60
PEOPLE = 10_000
_SETTLED_S = 120.0  # of waiting for the workers before something else is measured
_WAITING = "select count(*) from store.dirty where shard >= 0"


@contextmanager
def opened(run: Run, *, gateways: int | None = None) -> Iterator[str]:
    """Start an installation and let it meet everybody; give the address of its store's owner.

    It has as many *gateways* as the run was asked for, unless said otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder:
        wanted = Wanted(
            data=Path(folder) / "data", host="127.0.0.1", port=0, policies=None,
            gateways=gateways or run.gateways,
        )  # fmt: skip
        with started(wanted, say) as running:
            run.front = Front(running, scale=run.scale)
            yield run.front.owner


class Front:
    """Sends traffic that nobody has sent before; visitors are known unless they are newcomers."""

    def __init__(self, running: Started, *, scale: float) -> None:
        self.url = running.url
        self.owner = running.opened.addresses.store_owner
        self.rights = running.opened.addresses.rights
        self.workers = running.opened.addresses.workers
        self.scale = scale
        self._crowd = Population(max(2_000, int(PEOPLE * scale)))
        self._seed = 0
        token = base64.b64encode(f"{running.write_key}:".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        self._meet(self._crowd)
        self.events_per_second()
        self.settle()

    def traffic(self, consent: dict[str, Any] = CONSENT, *, personal: float = 0.0) -> Traffic:
        """Give a source of events with a seed of its own."""
        self._seed += 1
        return Traffic(self._seed, self._crowd, consent=consent, personal=personal)

    def rows_per_second(
        self, consent: dict[str, Any] = CONSENT, *, personal: float = 0.0, workers: bool = False
    ) -> float:
        """Give rows a second from gzipped batches; an event in two domains is two rows.

        Args:
            consent: what the events say.
            personal: share of their texts that name somebody.
            workers: whether they fold beside it, on the same cores, or rest meanwhile.
        """
        sent = self.batches(self._count(), self.traffic(consent, personal=personal))
        return self._beside(sent) if workers else self._alone(sent)

    def first_sights(self) -> float:
        """Give rows a second from batches in which nobody was ever seen before."""
        self._seed += 1
        newcomers = Population(self._count() * BATCH // 4, f"newcomer-{self._seed}")
        bodies = Traffic(self._seed, newcomers).everybody(BATCH)
        return self._alone([self.batch(body) for body in bodies])

    def events_per_second(self) -> float:
        """Give events a second from gzipped batches, with the workers folding beside them."""
        load = drive(self.url, self.batches(self._count(), self.traffic()), connections=8)
        all_taken(load)
        return load.per_second(BATCH)

    def batches(self, count: int, traffic: Traffic) -> list[bytes]:
        """Write *count* batches."""
        return [self.batch(traffic.batch(BATCH)) for _ in range(count)]

    def batch(self, body: bytes) -> bytes:
        """Write the request of a gzipped batch."""
        return request(self.url, "/v1/batch", body, self.headers | {"Content-Encoding": "gzip"})

    def singles(self, count: int) -> list[bytes]:
        """Write *count* single events."""
        traffic = self.traffic()
        calls = [traffic.single() for _ in range(count)]
        return [request(self.url, path, body, self.headers) for path, body in calls]

    def rows(self) -> int:
        """Give the number of stored rows."""
        return self._number("select count(*) from store.event")

    def settle(self) -> None:
        """Wait until the workers have folded what waits.

        Raises:
            TimeoutError: they are so far behind that what comes next would measure them.
        """
        over = time.monotonic() + _SETTLED_S
        while self._number(_WAITING):
            if time.monotonic() > over:
                raise TimeoutError(f"the workers were not done after {_SETTLED_S:.0f} s")
            time.sleep(0.2)

    def _count(self) -> int:
        return max(4, int(BATCHES * self.scale))

    def _alone(self, sent: list[bytes]) -> float:
        """Store with the workers at rest; what they have to catch up on, nobody else is to feel."""
        with at_rest(WORKERS):
            rate = self._stored(sent)
        self.settle()
        return rate

    def _beside(self, sent: list[bytes]) -> float:
        rate = self._stored(sent)
        self.settle()
        return rate

    def _stored(self, sent: list[bytes]) -> float:
        before = self.rows()
        load = drive(self.url, sent, connections=8)
        all_taken(load)
        return (self.rows() - before) / load.seconds

    def _meet(self, crowd: Population) -> None:
        bodies = Traffic(0, crowd).everybody(BATCH)
        all_taken(drive(self.url, [self.batch(body) for body in bodies], connections=2))

    def _number(self, query: str) -> int:
        with psycopg.connect(self.owner) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0


def all_taken(load: Load) -> None:
    """Refuse a measurement in which the gateway refused."""
    if set(load.statuses) != {200}:
        raise RuntimeError(f"answers other than 200: {load.statuses}")


def bulk_events_per_second(run: Run) -> float:
    """Give the events a second that bulk reaches in this run, measured now if not before."""
    if run.bulk_events_per_second is None:
        run.bulk_events_per_second = run.front.events_per_second()
        run.front.settle()
    return run.bulk_events_per_second
