"""Cases are run in the order they come, and what is unfinished is looked for all the while."""

from __future__ import annotations

import itertools
import threading
import uuid

from gateway.rights.runner import RESUME_EVERY_S, Runner
from policies.errors import StoreUnavailable

HALF_DONE = uuid.uuid4()


def ticking(step_s: float) -> itertools.count[float]:
    return itertools.count(0.0, step_s)


def test_what_is_unfinished_is_looked_for_though_somebody_asks_all_the_time() -> None:
    ran: list[uuid.UUID] = []
    ticks = ticking(RESUME_EVERY_S / 3)
    runner = Runner(ran.append, lambda: [HALF_DONE], lambda: next(ticks))
    runner.start()
    for _ in range(6):
        runner.submit(uuid.uuid4()).wait(10)
    runner.stop()
    assert ran.count(HALF_DONE) > 1


def test_a_database_that_is_away_is_asked_again() -> None:
    asked, ran = threading.Event(), threading.Event()

    def find() -> list[uuid.UUID]:
        if asked.is_set():
            return [HALF_DONE]
        asked.set()
        raise StoreUnavailable("the store is away; one that answers was needed")

    ticks = ticking(RESUME_EVERY_S)
    runner = Runner(lambda _: ran.set(), find, lambda: next(ticks))
    runner.start()
    assert ran.wait(10)
    runner.stop()


def test_a_process_that_only_asks_looks_for_nothing() -> None:
    ran: list[uuid.UUID] = []
    runner = Runner(ran.append, lambda: [HALF_DONE])
    case = uuid.uuid4()
    runner.submit(case).wait(10)
    runner.stop()
    assert ran == [case]
