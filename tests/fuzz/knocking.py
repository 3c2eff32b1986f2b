"""Sends cases to the started application one by one; says what was wrong with an answer."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import httpx

from tests.fuzz import oracle
from tests.fuzz.cases import Case, Dealer
from tests.support.canaries import CONTROL, KANARI
from tests.support.front import Front

SLOWEST_S: Final = 10.0  # generous: a largest batch takes half a second on a busy machine
PROBLEM: Final = {"type", "title", "status", "detail", "code", "message", "remedy"}
MOST_DOMAINS: Final = 4  # an event has a row in each domain of its purposes


@dataclass
class Knocker:
    """Knocks at the ingest paths and keeps count of what came of it."""

    front: Front
    dealer: Dealer
    statuses: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    unjudged: int = 0
    slowest_s: float = 0.0

    def __post_init__(self) -> None:
        said = self.front.openapi["paths"]["/v1/batch"]["post"]["responses"]
        self._documented = {int(status) for status in said}
        self._counted = self.front.outcomes()
        self._rows = self.front.stored()

    def knock(self, number: int) -> list[str]:
        """Send one case; give what was wrong."""
        case = self.dealer.case(number)
        began = time.perf_counter()
        answer = send(self.front, case)
        took_s = time.perf_counter() - began
        self.slowest_s = max(self.slowest_s, took_s)
        self.statuses[answer.status_code] += 1
        wrong = [*self._form(answer), *self._balance(case, answer)]
        if took_s > SLOWEST_S:
            wrong.append(f"took {took_s:.1f} s")
        return [f"{each}\n{case}" for each in wrong]

    def _form(self, answer: httpx.Response) -> list[str]:
        wrong = []
        if answer.status_code >= 500 or answer.status_code not in self._documented:
            wrong.append(f"answered {answer.status_code}")
        if answer.status_code == 200:
            sound = answer.content == b'{"success":true}'
        else:
            sound = set(answer.json()) == PROBLEM
        if not sound:
            wrong.append(f"{answer.status_code} has another form")
        shown = answer.content + repr(answer.headers.raw).encode()
        for whose in (KANARI, CONTROL):
            wrong += [f"repeats {what}" for what in whose.found_in(shown)]
        return wrong

    def _balance(self, case: Case, answer: httpx.Response) -> list[str]:
        """Hold what was counted and stored against what was sent."""
        before, rows = self._counted, self._rows
        self._counted, self._rows = self.front.outcomes(), self.front.stored()
        new = {what: n - before.get(what, 0) for what, n in self._counted.items()}
        new = {what: n for what, n in new.items() if n}
        self.outcomes.update(new)
        grown = self._rows - rows
        if answer.status_code == 200:
            return self._taken(case, new, grown)
        wrong = ["was refused, and something is counted or stored"] if new or grown else []
        body = case.plain if answer.status_code == 400 else None
        if body is not None and oracle.must_be_taken(case.call, body):
            wrong.append("was refused, though it is of the documented form")
        return wrong

    def _taken(self, case: Case, new: dict[str, int], grown: int) -> list[str]:
        body = case.plain
        if body is None:
            return ["was taken, though it is not packed as it says"]
        sent = oracle.events_in(case.call, body, case.said)
        self.unjudged += sent is None
        wrong = []
        if sent is not None and sum(new.values()) != sent:
            wrong.append(f"held {sent} events; accounted for are {new}")
        stored = new.get("stored", 0)
        if not stored <= grown <= MOST_DOMAINS * stored:
            wrong.append(f"{stored} events are counted as stored, and {grown} rows were added")
        return wrong


def send(front: Front, case: Case) -> httpx.Response:
    """Send *case* as it is."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in case.headers.items()]
    return front.client.request("POST", case.path, content=case.body, headers=headers)
