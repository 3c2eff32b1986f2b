"""A load client of our own: keep-alive connections over plain sockets, one process.

It costs the machine less than an HTTP library would, because it shares the
cores with what it measures.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Load:
    """What came of a run: answers by status, seconds in all, and of each answer."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    def per_second(self, each: int = 1) -> float:
        """Give successful answers (of *each* events) a second."""
        return self.statuses.get(200, 0) * each / self.seconds

    def quantile_ms(self, share: float) -> float:
        """Give a quantile of the latencies, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    def median_ms(self) -> float:
        """Give the median latency in milliseconds."""
        return statistics.median(self.latencies) * 1000


def request(url: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Write one HTTP/1.1 request whole."""
    host = urlsplit(url).netloc
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def drive(url: str, requests: Iterable[bytes], *, connections: int) -> Load:
    """Send *requests* over *connections*, each its next when the last was answered."""
    return asyncio.run(_drive(url, requests, connections))


async def _drive(url: str, requests: Iterable[bytes], connections: int) -> Load:
    load = Load()
    waiting = iter(requests)
    split = urlsplit(url)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(split.hostname, split.port)
        for each in waiting:
            began = time.perf_counter()
            writer.write(each)
            status = await status_of(reader)
            load.latencies.append(time.perf_counter() - began)
            load.statuses[status] = load.statuses.get(status, 0) + 1
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    load.seconds = time.perf_counter() - began
    return load


async def status_of(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end; give its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return status
