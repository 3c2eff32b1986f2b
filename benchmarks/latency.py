"""How soon is an event in its person's segments?  Requests that come when they like to.

An open loop: instants are drawn beforehand (Poisson), and a request's time runs from its instant,
whether or not a connection was free by then.  In the live lane the answer to the POST is the moment
at which the membership is readable.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.load import Load, status_of

CONNECTIONS = 64


def poisson(  # noqa: PLR0913  # the last three say how hard to try
    url: str,
    requests: Sequence[bytes],
    *,
    per_second: float,
    seed: int,
    connections: int = CONNECTIONS,
    lasting_s: float = math.inf,
) -> Load:
    """Send *requests* at random instants, *per_second* on average; give when each was answered.

    After *lasting_s* nothing more is sent, so a server that falls behind is left what it could do.
    """
    dice = random.Random(seed)  # noqa: S311  # arrivals, not a secret
    loop = _Open(url, dice, per_second, connections, lasting_s)
    return asyncio.run(loop.run(requests))


@dataclass(slots=True)
class _Open:
    url: str
    dice: random.Random
    per_second: float
    connections: int
    lasting_s: float

    async def run(self, requests: Sequence[bytes]) -> Load:
        load, due = Load(), asyncio.Queue[tuple[float, bytes]]()
        began = time.perf_counter()
        tasks = [
            asyncio.create_task(self._answered(due, load, began + self.lasting_s))
            for _ in range(self.connections)
        ]
        at = began
        for request in requests:
            at += self.dice.expovariate(self.per_second)
            if at - began > self.lasting_s:
                break
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            due.put_nowait((at, request))
        await due.join()
        load.seconds = time.perf_counter() - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return load

    async def _answered(
        self, due: asyncio.Queue[tuple[float, bytes]], load: Load, over: float
    ) -> None:
        split = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(split.hostname, split.port)
        while True:
            at, request = await due.get()
            if time.perf_counter() < over:
                writer.write(request)
                status = await status_of(reader)
                load.latencies.append(time.perf_counter() - at)
                load.statuses[status] = load.statuses.get(status, 0) + 1
            due.task_done()
