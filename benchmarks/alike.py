"""How well do the times of the answers tell whether somebody is known?

The effect is Cliff's delta: by how much likelier than not an answer about somebody known takes
longer than one about nobody; 0 says nothing, 1 everything.  It asks for no form of distribution and
is not moved by a few answers that took long.  The limit is what the same times would give away if
those about the known took a little longer, so that a row says how far below a leak it is that
would have been found.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from scipy.stats import mannwhitneyu  # type: ignore[import-untyped]  # ships no types

from benchmarks.front import Front
from benchmarks.rows import Row, at_most
from benchmarks.suite import Place, Run, measures

ASKED = 2_000
CHOSEN = 150  # each waits for its beat
PEOPLE = 50
FEWEST = 100
JOURNEY_S = 0.0002  # to a database on the same machine, and back
COMMIT_S = 0.001  # of one that waits for its disk
FOUND = 0.25  # a planted leak below that is lost in what else the machine does: nothing is judged

LOOK_UPS = Row("alike-lookup", "effect of being known on the time of a look-up, alternating", "",
               "0.2 ms planted in the same times", at_most(0.34))  # fmt: skip
CHOICES = Row("alike-choice", "effect of being known on the time of a refusal, alternating", "",
              "1 ms planted in the same times", at_most(0.34))  # fmt: skip


def effect(known: Sequence[float], nobody: Sequence[float]) -> float:
    """Give how well one of *known* is told from one of *nobody*: 0 not at all, 1 always."""
    statistic = mannwhitneyu(known, nobody).statistic
    return abs(2 * float(statistic) / (len(known) * len(nobody)) - 1)


def planted(times: Sequence[float], leak_s: float) -> float:
    """Give the effect of a leak on times that have none: every second one takes it longer."""
    return effect([each + leak_s for each in times[::2]], times[1::2])


def judged(row: Row) -> Row:
    """Give *row*, without its result where the planted leak was not found either."""
    found = statistics.median(row.limits)
    if found < FOUND:
        row.missing = f"too much else ran: the planted leak has an effect of {found:.2f} only"
        row.figures.clear()
        row.limits.clear()
    return row


@measures(Place.FRONT, LOOK_UPS, CHOICES)
def alike(run: Run) -> Iterator[Row]:
    """Ask about somebody known and about nobody in turn, over one connection."""
    asking = _Asking(run.front)
    for number in range(PEOPLE):
        asking.choose(f"alike-{number}", "given")
    steps = (
        (LOOK_UPS, ASKED, JOURNEY_S, asking.look_up),
        (CHOICES, CHOSEN, COMMIT_S, lambda name: asking.choose(name, "refused")),
    )
    for row, count, leak_s, ask in steps:
        if not run.wants(row):
            continue
        for _ in range(run.rounds):
            known, nobody = _in_turn(ask, max(FEWEST, int(count * run.scale)))
            row.figures.append(effect(known, nobody))
            row.limits.append(planted(nobody, leak_s))
        yield judged(row)


def _in_turn(ask: Callable[[str], float], count: int) -> tuple[list[float], list[float]]:
    numbers = itertools.cycle(range(PEOPLE))
    known, nobody = [], []
    for number, _ in zip(numbers, range(count), strict=False):
        known.append(ask(f"alike-{number}"))
        nobody.append(ask(f"nobody-{number}"))
    return known, nobody


class _Asking:
    """One caller on one connection."""

    def __init__(self, front: Front) -> None:
        there = urlsplit(front.url)
        self._connection = http.client.HTTPConnection(str(there.hostname), there.port or 80)
        self._headers = front.headers

    def look_up(self, person: str) -> float:
        return self._timed("/v1/subjects/segments", {"identifier": _named(person)})

    def choose(self, person: str, said: str) -> float:
        choice = {"identifier": _named(person), "purposes": {"audience_measurement": said}}
        return self._timed("/v1/consents", choice)

    def _timed(self, path: str, body: dict[str, Any]) -> float:
        said = json.dumps(body).encode()
        began = time.perf_counter()
        self._connection.request("POST", path, said, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        took = time.perf_counter() - began
        if answer.status != http.client.OK:
            raise RuntimeError(f"an answer other than 200: {answer.status}")
        return took


def _named(person: str) -> dict[str, str]:
    return {"kind": "user_id", "value": person}
