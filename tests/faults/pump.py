"""Sends a shop's traffic at a steady pace, or as fast as it is taken.

Requests are of the sizes that the clients of the storm send.  They are written once a minute, by
everybody who is known and by some whom nobody has met, and sent again and again with another word
in their message numbers and in some of their texts; so that writing them takes little from what is
measured, and no cache knows it all.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.load import request, status_of
from benchmarks.traffic import MARK, Population, Traffic, packed
from tests.faults.client import SDK_TIMEOUT_S, SIZES

CONNECTIONS = 16
WRITTEN = 200  # requests that are sent again with another word
CROWD = Population(10_000)
NEWCOMERS = 500  # a minute
NEW = 0.05  # share of the requests that are about them
PACKED = 12  # calls from which on a sender compresses
Written = tuple[str, bytes, int]
"""Path, body and number of calls of a request."""


@dataclass
class Flow:
    """What came of a stretch of sending."""

    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    events: int = 0
    unheard: int = 0  # events of requests that came to no answer, or to another than 200
    latencies_s: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began

    def requests_a_second(self) -> float:
        return self.answers["200"] / self.seconds

    def events_a_second(self) -> float:
        return self.events / self.seconds

    def quantile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_s) or [0.0]
        return 1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Pump:
    """Sends on a thread of its own until it is told to stop."""

    def __init__(self, url: str, write_key: str, seed: int) -> None:
        token = base64.b64encode(f"{write_key}:".encode()).decode()
        self._url = url
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        self._seed = itertools.count(seed)
        self._words = itertools.count(1)
        self._written: list[Written] = []
        self._flow = Flow()
        self.whole = Flow()
        self.write()

    def write(self) -> None:
        """Write other requests from now on; they are of this minute."""
        seed = next(self._seed)
        roll = random.Random(seed)  # noqa: S311  # traffic, not a secret
        known = Traffic(seed, CROWD)
        new = Traffic(seed, Population(NEWCOMERS, f"newcomer-{seed}"))
        traffic = [new if roll.random() < NEW else known for _ in range(WRITTEN)]
        self._written = [_write(each, roll.choice(SIZES)) for each in traffic]

    def turn(self) -> Flow:
        """Give what came since the last turn, and begin another stretch."""
        past, self._flow = self._flow, Flow()
        past.ended = time.monotonic()
        return past

    def run(self, rate: float | None, over: threading.Event) -> None:
        """Send *rate* requests a second, or as many as are taken, until it is *over*."""
        self._flow, self.whole = Flow(), Flow()
        asyncio.run(self._all(rate, over))
        self.whole.ended = time.monotonic()

    async def _all(self, rate: float | None, over: threading.Event) -> None:
        began, numbers = time.monotonic(), itertools.count()

        def due() -> Iterator[float]:
            for number in numbers:
                yield time.monotonic() if rate is None else began + number / rate

        await asyncio.gather(*(self._connection(due(), over) for _ in range(CONNECTIONS)))

    async def _connection(self, due: Iterator[float], over: threading.Event) -> None:
        """Send one request after the other, by a new line where the last one broke."""
        split = urlsplit(self._url)
        while not over.is_set():
            try:
                reader, writer = await asyncio.open_connection(split.hostname, split.port)
            except OSError as error:
                self._count(type(error).__name__, 0)
                await asyncio.sleep(0.2)
                continue
            try:
                for at in due:
                    await asyncio.sleep(max(0.0, at - time.monotonic()))
                    if over.is_set():
                        break
                    if not await self._one(reader, writer, at):
                        break
            finally:
                writer.close()

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, due: float
    ) -> bool:
        """Send one request that was due at an instant; say whether its line still stands."""
        path, body, calls = random.choice(self._written)  # noqa: S311
        body = body.replace(MARK.encode(), f"{next(self._words):08x}".encode())
        headers = self._headers
        if calls >= PACKED:
            body, headers = packed(body, level=1), headers | {"Content-Encoding": "gzip"}
        try:
            writer.write(request(self._url, path, body, headers))
            status = await asyncio.wait_for(status_of(reader), SDK_TIMEOUT_S)
        except (OSError, EOFError, TimeoutError) as error:
            self._count(type(error).__name__, calls)
            return False
        self._count(str(status), calls, time.monotonic() - due)
        return True

    def _count(self, answer: str, calls: int, seconds: float | None = None) -> None:
        for flow in (self._flow, self.whole):
            flow.answers[answer] += 1
            if answer == "200":
                flow.events += calls
            else:
                flow.unheard += calls
        if seconds is not None:  # an hour of them would be a growth of our own
            self._flow.latencies_s.append(seconds)


def _write(traffic: Traffic, calls: int) -> Written:
    if calls == 1:
        return *traffic.single(), 1
    return "/v1/batch", traffic.text(calls), calls
