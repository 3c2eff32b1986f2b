"""Live requests are written together; bulk takes turns with them, and has all else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest import turns
from gateway.ingest.turns import Lane, Turn, Turns


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """Turns, and somebody who asks for them."""

    def __init__(self, writers: int = 3) -> None:
        self.clock = Clock()
        self.turns = Turns(writers, self.clock)

    def take(self, *lanes: Lane) -> Turn | None:
        return self.turns.take(live=Lane.LIVE in lanes, bulk=Lane.BULK in lanes)

    def taken(self, *lanes: Lane) -> Turn:
        turn = self.take(*lanes)
        assert turn is not None
        return turn

    def held_s(self, *lanes: Lane) -> float | None:
        return self.turns.held_s(live=Lane.LIVE in lanes, bulk=Lane.BULK in lanes)

    def met_live(self) -> None:
        self.turns.done(self.taken(Lane.LIVE))


def test_one_live_group_at_a_time() -> None:
    asked = Asked()
    first = asked.taken(Lane.LIVE)
    assert asked.take(Lane.LIVE) is None
    asked.turns.done(first)
    assert asked.taken(Lane.LIVE).lane is Lane.LIVE


def test_a_live_group_that_takes_long_keeps_nobody_behind_it() -> None:
    asked = Asked()
    stuck = asked.taken(Lane.LIVE)
    asked.clock.now += 0.02
    assert abs((asked.held_s(Lane.LIVE) or 0) - 0.03) < 1e-9
    asked.clock.now += 0.031
    assert asked.held_s(Lane.LIVE) == 0
    second = asked.taken(Lane.LIVE)
    assert asked.take(Lane.LIVE) is None
    asked.turns.done(stuck)
    assert asked.take(Lane.LIVE) is None
    asked.turns.done(second)
    assert asked.taken(Lane.LIVE).lane is Lane.LIVE


def test_beside_each_other_the_lanes_take_turns() -> None:
    asked, lanes = Asked(), []
    for _ in range(4):
        turn = asked.taken(*Lane)
        assert asked.take(*Lane) is None
        lanes.append(turn.lane)
        asked.turns.done(turn)
    assert lanes == [Lane.LIVE, Lane.BULK, Lane.LIVE, Lane.BULK]


def shares(live_s: float, idle_s: float) -> tuple[float, float]:
    """Give what either lane has of ten seconds in which bulk always waits.

    A live group takes *live_s*, and after it none comes for *idle_s*; one of bulk takes 0.1 s.
    """
    asked, had, live_again = Asked(), [0.0, 0.0], 0.0
    end = asked.clock.now + 10
    while asked.clock.now < end:
        lanes = list(Lane) if asked.clock.now >= live_again else [Lane.BULK]
        turn = asked.take(*lanes)
        if turn is None:
            asked.clock.now += asked.held_s(*lanes) or 0.001
            continue
        took = live_s if turn.lane is Lane.LIVE else 0.1
        asked.clock.now += took
        asked.turns.done(turn)
        had[turn.lane] += took / 10
        if turn.lane is Lane.LIVE:
            live_again = asked.clock.now + idle_s
    return had[Lane.LIVE], had[Lane.BULK]


def test_bulk_has_half_of_the_time_beside_a_busy_live_lane() -> None:
    live, bulk = shares(live_s=0.02, idle_s=0.0)
    assert 0.5 <= live < 0.6
    assert live + bulk > 0.99


def test_bulk_has_all_the_time_beside_a_live_request_now_and_then() -> None:
    live, bulk = shares(live_s=0.01, idle_s=0.2)
    assert live < 0.05
    assert live + bulk > 0.99


def test_one_writer_is_kept_from_bulk() -> None:
    asked = Asked()
    assert [asked.take(Lane.BULK) is None for _ in range(3)] == [False, False, True]
    assert Asked(1).taken(Lane.BULK).lane is Lane.BULK


def test_a_live_request_does_not_wait_for_large_groups() -> None:
    asked = Asked()
    assert asked.taken(Lane.BULK).events == turns.MOST_EVENTS
    assert asked.taken(*Lane).lane is Lane.LIVE


def test_beside_live_requests_bulk_has_one_writer_and_small_groups() -> None:
    asked = Asked(4)
    asked.met_live()
    small = asked.taken(Lane.BULK)
    assert small.events == turns.BESIDE_LIVE_EVENTS
    assert asked.take(Lane.BULK) is None
    asked.clock.now += turns.RECENT_S
    assert asked.taken(Lane.BULK).events == turns.MOST_EVENTS
    asked.turns.done(small)


@pytest.mark.parametrize(
    ("stuck", "asking", "after"),
    [
        (Lane.LIVE, Lane.LIVE, turns.ALONE_S),
        (Lane.BULK, Lane.LIVE, turns.ALONE_S),
        (Lane.LIVE, Lane.BULK, turns.STUCK_S),
    ],
)
def test_a_group_that_takes_long_is_not_waited_for(stuck: Lane, asking: Lane, after: float) -> None:
    asked = Asked(4)
    asked.met_live()
    asked.taken(stuck)
    assert abs((asked.held_s(asking) or 0) - after) < 1e-9
    asked.clock.now += after
    assert asked.held_s(asking) == 0
    assert asked.taken(asking).lane is asking


@given(st.lists(st.tuples(st.sets(st.sampled_from(Lane)), st.floats(0, 2), st.booleans())))
def test_whoever_may_take_nothing_is_told_when_to_ask_again(
    asks: list[tuple[set[Lane], float, bool]],
) -> None:
    asked, under_way = Asked(), []
    for lanes, later, ends in asks:
        turn = asked.take(*lanes)
        if turn is None and (held := asked.held_s(*lanes)) is not None:
            assert held > 0, "a writer would ask without end"
            asked.clock.now += held + 1e-9
            turn = asked.take(*lanes)
            # A live request met now puts off what bulk may take alone.
            assert turn is not None or Lane.LIVE in lanes
        under_way += [] if turn is None else [turn]
        if under_way and ends:
            asked.turns.done(under_way.pop(0))
        asked.clock.now += later
    for turn in under_way:
        asked.turns.done(turn)
    assert asked.taken(Lane.LIVE).lane is Lane.LIVE
