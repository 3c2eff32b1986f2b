"""What does each process of an installation hold, how far behind is each lane, who is connected?"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests.faults.schedule import PROCESSES, UP
from tests.support.outages import families
from workers.store import backlog
from workers.store.backlog import Backlog
from workers.store.transactions import connect, transaction

CONNECTED = """
select coalesce(nullif(application_name, ''), backend_type), count(*) from pg_stat_activity
where datname is not null group by 1 order by 1"""
SIZE = "select pg_database_size('store') / 1048576"
SETTLED = "select (select count(*) from store.dirty) + (select count(*) from store.outbox)"


class Held(NamedTuple):
    """What a process and its children hold, together; megabytes and counts.

    *rss* counts what several share once for each, *pss* shares it out, *uss* is theirs alone.
    """

    rss: float = 0.0
    pss: float = 0.0
    uss: float = 0.0
    files: int = 0
    sockets: int = 0
    threads: int = 0
    processes: int = 0


class Lag(NamedTuple):
    """Seconds since the oldest thing that waits: to be folded, to be announced; since a refresh."""

    fold: float = 0.0
    outbox: float = 0.0
    refresh: float = 0.0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at everything; *at* in seconds of the run."""

    at: float
    held: dict[str, Held]
    lag: Lag | None = None
    connected: dict[str, int] = field(default_factory=dict)
    store_mb: int = 0


class Watch:
    """Takes looks at an installation; what is away just now is missing in them."""

    def __init__(self, up: Callable[[], int], dsn: str) -> None:
        self._up = up
        self._dsn = dsn
        self._engine = connect(dsn, pool_size=1, application_name="paravent-tests")
        self.looks: list[Look] = []

    def look(self, at: float) -> Look:
        """Take a look, and keep it."""
        up = self._up()
        members = {**families(up), UP: [up]}
        held = {name: _held(members[name]) for name in (*PROCESSES, UP) if name in members}
        look = Look(at, held)
        with contextlib.suppress(Exception):  # whatever a server that is away makes of it
            with transaction(self._engine) as connection:
                lag = _lag(backlog.look(connection), at)
            with psycopg.connect(self._dsn, connect_timeout=2) as server:
                rows = server.execute(CONNECTED.encode()).fetchall()
                size = server.execute(SIZE.encode()).fetchone() or (0,)
            look = Look(at, held, lag, dict(rows), int(size[0]))
        self.looks.append(look)
        return look

    def close(self) -> None:
        self._engine.dispose()


def _lag(found: Backlog, at: float) -> Lag:
    now_us = time.time_ns() // 1_000

    def age(since_us: int | None) -> float:
        return 0.0 if since_us is None else max(0.0, (now_us - since_us) / 1e6)

    return Lag(
        age(found.dirty_since_us),
        age(found.outbox_since_us),
        at if found.refreshed_us is None else age(found.refreshed_us),
        found.dirty + found.outbox,
    )


def _held(pids: Iterable[int]) -> Held:
    total: Counter[str] = Counter()
    for pid in pids:
        with contextlib.suppress(OSError, KeyError, ValueError):
            total.update(_of_process(Path(f"/proc/{pid}")))
    memory = {name: total[name] / 1024 for name in ("rss", "pss", "uss")}
    counts = {name: total[name] for name in ("files", "sockets", "threads", "processes")}
    return Held(**memory, **counts)


def _of_process(process: Path) -> dict[str, int]:
    mapped = _numbers(process / "smaps_rollup")
    open_files = [_target(link) for link in (process / "fd").iterdir()]
    return {
        "rss": mapped["Rss"],
        "pss": mapped["Pss"],
        "uss": mapped["Private_Clean"] + mapped["Private_Dirty"],
        "files": len(open_files),
        "sockets": sum(target.startswith("socket:") for target in open_files),
        "threads": _numbers(process / "status")["Threads"],
        "processes": 1,
    }


def _target(link: Path) -> str:
    with contextlib.suppress(OSError):  # closed since the folder was read
        return str(link.readlink())
    return ""


def _numbers(page: Path) -> dict[str, int]:
    """Read the lines of the form ``Name: number``, with or without a unit."""
    found = {}
    for line in page.read_text().splitlines():
        name, _, rest = line.partition(":")
        word = rest.split()[:1]
        if word and word[0].isdigit():
            found[name] = int(word[0])
    return found
