"""Clients that send as the client libraries do, over a network that is as networks are.

A request is sent until it is answered with 200, after pauses that grow and that honour Retry-After;
always the same messages, by the same names.  On the way some are held back and overtaken, some are
delivered twice, at once or much later, and some clients hang up before the answer is there.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from tests.faults.insisting import RETRIED, pauses
from tests.faults.model import EVENT, Call, Model
from tests.faults.threads import Threads
from tests.support.builders import Person, track
from tests.support.installation import Installed

SDK_TIMEOUT_S = 15.0
SIZES = (1, 1, 1, 1, 1, 1, 1, 3, 12, 60)  # the last takes the bulk lane
REGULARS = 40
BAG = 6  # requests that are on their way at once, and may overtake each other
AGAIN = 0.15  # of the requests are delivered once more, later
TWINS = 0.1  # are delivered twice at once
HASTY = 0.1  # are hung up on at first
FORSAKEN = 0.03  # are hung up on, and never sent again: whether they are stored nobody knows
HASTE_S = 0.005


@dataclass
class Traffic:
    """What all clients of a run share: the address, the people, the model and the counts."""

    home: Installed
    model: Model
    pace_s: float
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    requests: int = 0
    retries: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, roll: random.Random) -> Call:
        """Make an order of a regular or, now and then, of somebody nobody has met."""
        new = f"new-{next(self.numbers)}"
        who = new if roll.random() < 0.05 else f"cust-{roll.randrange(REGULARS)}"
        at = datetime.now(UTC) - timedelta(seconds=roll.random() * 1_800)
        return self.order_of(somebody(who), at)

    def order_of(self, person: Person, at: datetime) -> Call:
        """Make an order of *person*, placed at *at*."""
        number = next(self.numbers)
        properties = {"order_id": f"order-{number}", "total": number / 100, "currency": "EUR"}
        return track(
            EVENT, person, at=at, messageId=f"message-{number}", sentAt=None, properties=properties
        )

    @property
    def key(self) -> tuple[str, str]:
        """The credentials of a source."""
        return self.home.write_key, ""

    def count(self, refusal: str | None, *, again: bool) -> None:
        with self._lock:
            self.requests += 1
            self.retries += again
            if refusal is not None:
                self.refused[refusal] += 1


def somebody(name: str) -> Person:
    """Give the person who goes by *name*."""
    return Person(name, f"{name}@example.org", "", f"anon-{name}")


class Client:
    """One client; call it on a thread of its own."""

    def __init__(self, traffic: Traffic, roll: random.Random) -> None:
        self._traffic = traffic
        self._roll = roll
        self._bag: list[list[Call]] = []

    def __call__(self) -> None:
        """Send until the traffic is over, then what is left."""
        with httpx.Client(base_url=self._traffic.home.url, timeout=SDK_TIMEOUT_S) as http:
            while not self._traffic.over.is_set():
                size = self._roll.choice(SIZES)
                self._bag.append([self._traffic.order(self._roll) for _ in range(size)])
                if len(self._bag) >= BAG:
                    self._send_one(http)
                    self._traffic.over.wait(self._roll.random() * self._traffic.pace_s)
            while self._bag:
                self._send_one(http)

    def _send_one(self, http: httpx.Client) -> None:
        calls = self._bag.pop(self._roll.randrange(len(self._bag)))
        hasty = self._roll.random() < HASTY
        if self._roll.random() < FORSAKEN:
            self._traffic.model.send(calls)
            self.attempt(http, calls, again=False, timeout=HASTE_S)
            return
        if self._roll.random() < TWINS:
            Threads([lambda: self.deliver(http, calls, hasty=hasty)] * 2).join()
        else:
            self.deliver(http, calls, hasty=hasty)
        if self._roll.random() < AGAIN and not self._traffic.over.is_set():
            self._bag.append(calls)

    def deliver(self, http: httpx.Client, calls: list[Call], *, hasty: bool = False) -> None:
        """Send *calls* until they are answered with 200."""
        self._traffic.model.send(calls)
        for tries, grown_s in enumerate(pauses()):
            timeout = HASTE_S if hasty and not tries else SDK_TIMEOUT_S
            pause_s = self.attempt(http, calls, again=tries > 0, timeout=timeout)
            if pause_s is None:
                return
            threading.Event().wait(max(pause_s, grown_s))

    def attempt(
        self, http: httpx.Client, calls: list[Call], *, again: bool, timeout: float
    ) -> float | None:
        """Send *calls* once; give how long the answer asks to wait, ``None`` when all is well."""
        path, body = ("track", calls[0]) if len(calls) == 1 else ("batch", {"batch": calls})
        try:
            answer = http.post(f"/v1/{path}", json=body, auth=self._traffic.key, timeout=timeout)
        except httpx.TransportError as error:
            self._traffic.count(type(error).__name__, again=again)
            return 0.0
        if answer.status_code == httpx.codes.OK:
            self._traffic.model.answer(calls)
            self._traffic.count(None, again=again)
            return None
        self._traffic.count(str(answer.status_code), again=again)
        # Anything else the client libraries would throw away.
        assert answer.status_code in RETRIED, answer.text
        return float(answer.headers.get("retry-after", 0))
