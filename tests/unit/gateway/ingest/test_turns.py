"""Live requests are written together and first; bulk makes room for them, and has all else."""

from __future__ import annotations

from gateway.ingest import turns
from gateway.ingest.turns import Lane, Turn, Turns


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(turn: Turn | None) -> Turn:
    assert turn is not None
    return turn


def test_one_live_group_at_a_time() -> None:
    order = Turns(3, Clock())
    first = taken(order.take(live=True, bulk=False))
    assert order.take(live=True, bulk=False) is None
    order.done(first)
    assert taken(order.take(live=True, bulk=False)).lane is Lane.LIVE


def test_a_live_group_that_takes_long_keeps_nobody_behind_it() -> None:
    clock = Clock()
    order = Turns(3, clock)
    stuck = taken(order.take(live=True, bulk=False))
    clock.now += 0.02
    assert abs((order.held_s() or 0) - 0.03) < 1e-9
    clock.now += 0.031
    assert order.held_s() == 0
    second = taken(order.take(live=True, bulk=False))
    assert order.take(live=True, bulk=False) is None
    order.done(stuck)
    assert order.take(live=True, bulk=False) is None
    order.done(second)
    assert order.held_s() is None


def test_live_comes_first_and_bulk_is_let_in_beside_it() -> None:
    order = Turns(3, Clock())
    assert taken(order.take(live=True, bulk=True)).lane is Lane.LIVE
    assert taken(order.take(live=True, bulk=True)).lane is Lane.BULK


def test_one_writer_is_kept_from_bulk() -> None:
    order = Turns(3, Clock())
    assert [order.take(live=False, bulk=True) is None for _ in range(3)] == [False, False, True]
    assert taken(Turns(1, Clock()).take(live=False, bulk=True)).lane is Lane.BULK


def test_beside_live_requests_bulk_has_one_writer_and_small_groups() -> None:
    clock = Clock()
    order = Turns(4, clock)
    order.done(taken(order.take(live=True, bulk=False)))
    small = taken(order.take(live=False, bulk=True))
    assert small.events == turns.BESIDE_LIVE_EVENTS
    assert order.take(live=False, bulk=True) is None
    clock.now += turns.RECENT_S
    assert taken(order.take(live=False, bulk=True)).events == turns.MOST_EVENTS
    order.done(small)
