"""A commit group is timed from its oldest request to its end, whatever becomes of it."""

from __future__ import annotations

import threading

import pytest

from gateway.ingest.wire import Decoded, Request
from gateway.stages import Stage, Stopwatch, mark, watched


def requests(*received_us: int) -> list[Request]:
    return [Request(1, Decoded(), at) for at in received_us]


def test_stages_follow_each_other_without_a_gap() -> None:
    seen: list[Stopwatch] = []
    with watched(requests(5, 3, 4), seen.append):
        mark(Stage.PREPARE)
        mark(Stage.VAULT)
    (watch,) = seen
    assert [lap.stage for lap in watch.laps] == [Stage.WAIT, Stage.PREPARE, Stage.VAULT]
    assert watch.laps[0].began_ns == 3_000
    for before, after in zip(watch.laps, watch.laps[1:], strict=False):
        assert before.ended_ns == after.began_ns <= after.ended_ns
    assert (watch.requests, watch.failed) == (3, False)


def test_a_group_that_fails_is_reported_too() -> None:
    seen: list[Stopwatch] = []

    def fail() -> None:
        with watched(requests(1), seen.append):
            mark(Stage.PREPARE)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [watch.failed for watch in seen] == [True]


def test_a_mark_where_nothing_is_timed_does_nothing() -> None:
    mark(Stage.STORE)


def test_groups_of_two_threads_are_timed_apart() -> None:
    seen: list[Stopwatch] = []
    with watched(requests(1), seen.append):
        other = threading.Thread(target=lambda: mark(Stage.STORE))
        other.start()
        other.join()
    assert [lap.stage for lap in seen[0].laps] == [Stage.WAIT]
