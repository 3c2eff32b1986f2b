"""What does the gateway hold while the storm goes on: memory, open files, connections?

Each start of the gateway is a life of its own, so growth is told within the longest of them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg

CONNECTIONS = "select count(*) from pg_stat_activity where application_name = 'paravent-gateway'"
WARM_S = 5.0  # a life's first seconds are its imports and first connections


class Sample(NamedTuple):
    """One look at a gateway."""

    at: float
    pid: int
    rss_mb: float
    files: int
    connections: int


@dataclass
class Toll:
    """Samples of the gateway over a run."""

    pid: Callable[[], int | None]
    dsn: str
    samples: list[Sample] = field(default_factory=list)

    def look(self) -> None:
        """Take a sample, unless the gateway or PostgreSQL is away just now."""
        pid = self.pid()
        with contextlib.suppress(OSError, psycopg.Error, ValueError):
            if pid is not None:
                self.samples.append(self._sample(pid))

    def longest_life(self) -> list[Sample]:
        """Give the samples of the gateway that lived longest, without its first seconds."""
        lives: dict[int, list[Sample]] = {}
        for sample in self.samples:
            lives.setdefault(sample.pid, []).append(sample)
        if not lives:
            return []
        longest = max(lives.values(), key=lambda life: life[-1].at - life[0].at)
        return [each for each in longest if each.at >= longest[0].at + WARM_S]

    def _sample(self, pid: int) -> Sample:
        process = Path(f"/proc/{pid}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return Sample(
            at=time.monotonic(),
            pid=pid,
            rss_mb=int(status["VmRSS"].split()[0]) / 1024,
            files=len(list((process / "fd").iterdir())),
            connections=self._connections(),
        )

    def _connections(self) -> int:
        with psycopg.connect(self.dsn, connect_timeout=1) as connection:
            row = connection.execute(CONNECTIONS.encode()).fetchone()
        return int(row[0]) if row else 0
