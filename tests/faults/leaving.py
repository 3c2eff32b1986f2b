"""People who are met, have themselves erased, and go on to be sent about all the while.

An operator asks for the erasure as operators do: an answer that does not come, or says to come
again, is followed by another request, and a case that is open is read until it is closed.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.faults.client import SDK_TIMEOUT_S, Client, Traffic, somebody
from tests.faults.insisting import RETRIED, insist, pauses
from tests.faults.model import Call
from tests.faults.threads import meanwhile
from tests.support.builders import Person, identify, track

DESK_TIMEOUT_S = 30.0  # the gateway itself waits twenty seconds for a case
LOOK_S = 0.25  # between two looks at a case that is open
CASES = "/v1/rights/requests"
APART = 50  # times the pace of the others, between two who leave


@dataclass
class Departure:
    """One erasure, as the operator saw it; *unheard* are the requests that came to no answer."""

    person: Person
    unheard: int = 0
    took_s: float = 0.0
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def receipt(self) -> dict[str, Any] | None:
        """The signed receipt, where this very case was the one that erased."""
        return self.result if "signature" in self.result else None


class Leaver:
    """Lets one person after the other come and go; call it on a thread of its own."""

    def __init__(self, traffic: Traffic, roll: random.Random) -> None:
        self.departures: list[Departure] = []
        self._traffic = traffic
        self._roll = roll
        self._sender = Client(traffic, roll)

    def __call__(self) -> None:
        """Go on until the traffic is over; who has come by then leaves, too."""
        over, longest_s = self._traffic.over, APART * self._traffic.pace_s
        with httpx.Client(base_url=self._traffic.home.url, timeout=DESK_TIMEOUT_S) as http:
            for number in itertools.count(1):
                self._come_and_go(http, somebody(f"leaver-{number}"))
                if over.wait(self._roll.random() * longest_s):
                    return

    def _come_and_go(self, http: httpx.Client, person: Person) -> None:
        known = identify(person, at=datetime.now(UTC), sentAt=None)
        self._sender.deliver(http, [known, self._view(person), self._view(person)])
        departure, gone = Departure(person), threading.Event()
        self.departures.append(departure)
        roll = random.Random(self._roll.random())  # noqa: S311  # for another thread
        began = time.monotonic()
        with meanwhile([lambda: self._stay(person, roll, gone)]):
            try:
                departure.result = self._erased(http, departure)
            finally:
                gone.set()
        departure.took_s = time.monotonic() - began
        self._sender.deliver(http, [self._view(person)])

    def _stay(self, person: Person, roll: random.Random, gone: threading.Event) -> None:
        """Send about somebody before, while and after they are erased."""
        sender = Client(self._traffic, roll)
        with httpx.Client(base_url=self._traffic.home.url, timeout=SDK_TIMEOUT_S) as http:
            while not gone.wait(roll.random() * self._traffic.pace_s):
                calls = [self._view(person), identify(person, at=datetime.now(UTC), sentAt=None)]
                sender.deliver(http, calls[: roll.randint(1, 2)])

    def _view(self, person: Person) -> Call:
        number = next(self._traffic.numbers)
        properties = {"product_id": "SKU-42", "category": "books", "total": number / 100}
        return track(
            "Product Viewed", person, at=datetime.now(UTC), messageId=f"view-{number}",
            sentAt=None, properties=properties,
        )  # fmt: skip

    def _erased(self, http: httpx.Client, departure: Departure) -> dict[str, Any]:
        case = self._opened(http, departure)
        # As long as it takes: while a server dies every few seconds, no scan comes to its end.
        while case["state"] != "closed":
            threading.Event().wait(LOOK_S)
            case = self._read(http, f"{CASES}/{case['id']}")
        return self._read(http, case["result"])

    def _opened(self, http: httpx.Client, departure: Departure) -> dict[str, Any]:
        who = {"kind": "user_id", "value": departure.person.user_id}
        body = {"type": "erasure", "identifier": who}
        for pause_s in pauses():
            refusal = "unheard"
            try:
                answer = http.post(CASES, json=body, headers=self._token)
            except httpx.TransportError as error:
                refusal = type(error).__name__
            else:
                if answer.status_code == httpx.codes.CREATED:
                    self._traffic.count(None, again=departure.unheard > 0)
                    return dict(answer.json())
                assert answer.status_code in RETRIED, answer.text
                refusal = str(answer.status_code)
            self._traffic.count(refusal, again=departure.unheard > 0)
            departure.unheard += 1
            threading.Event().wait(pause_s)
        raise AssertionError

    def _read(self, http: httpx.Client, path: str) -> dict[str, Any]:
        answer = insist(
            lambda: http.get(path, headers=self._token),
            lambda refusal: self._traffic.count(refusal, again=False),
        )
        return dict(answer.json())

    @property
    def _token(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._traffic.home.operator_token}"}
