"""How soon is an event in its person's segments?  Requests that come when they like to.

An open loop: instants are drawn beforehand (Poisson), and a request's time runs from its instant,
whether or not a connection was free by then.  In the live lane the answer to the POST is the moment
at which the membership is readable.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from benchmarks.load import Load, status_of

CONNECTIONS = 64


def poisson(url: str, requests: Sequence[bytes], *, per_second: float, seed: int) -> Load:
    """Send *requests* at random instants, *per_second* on average; give when each was answered."""
    return asyncio.run(_poisson(url, requests, per_second, random.Random(seed)))  # noqa: S311


async def _poisson(
    url: str, requests: Sequence[bytes], per_second: float, dice: random.Random
) -> Load:
    load, due = Load(), asyncio.Queue[tuple[float, bytes]]()
    split = urlsplit(url)
    began = time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(split.hostname, split.port)
        while True:
            at, request = await due.get()
            writer.write(request)
            status = await status_of(reader)
            load.latencies.append(time.perf_counter() - at)
            load.statuses[status] = load.statuses.get(status, 0) + 1
            due.task_done()

    tasks = [asyncio.create_task(one()) for _ in range(CONNECTIONS)]
    at = time.perf_counter()
    for request in requests:
        at += dice.expovariate(per_second)
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait((at, request))
    await due.join()
    load.seconds = time.perf_counter() - began
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return load
