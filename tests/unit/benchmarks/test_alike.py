"""The statistic finds a leak that was planted, and none where there is none."""

from __future__ import annotations

import random

import pytest

from benchmarks.alike import JOURNEY_S, effect, judged, planted
from benchmarks.rows import Row, at_most


def times(seed: int, count: int = 2_000, *, more: float = 0.0) -> list[float]:
    """Draw times as a server gives them: a floor, a long tail, now and then a pause."""
    dice = random.Random(seed)  # noqa: S311  # times, not secrets
    return [
        0.001 + dice.lognormvariate(-9, 0.6) + more + (0.05 if dice.random() < 0.01 else 0.0)
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_told_from_times_of_one_kind(seed: int) -> None:
    assert effect(times(seed), times(seed + 100)) < 0.06


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_of_a_journey_is_found(seed: int) -> None:
    assert effect(times(seed, more=JOURNEY_S), times(seed + 100)) > 0.5
    assert planted(times(seed), JOURNEY_S) > 0.5


def test_a_single_pause_is_no_leak() -> None:
    still = times(1)
    assert effect([*still, 9.0], still) < 0.01


def test_it_says_everything_where_every_answer_tells() -> None:
    assert effect([2.0] * 50, [1.0] * 50) == 1.0
    assert effect([1.0] * 50, [2.0] * 50) == 1.0


@pytest.mark.parametrize(("planted_effect", "measured"), [(0.07, False), (0.6, True)])
def test_where_a_planted_leak_is_lost_nothing_is_judged(
    planted_effect: float, *, measured: bool
) -> None:
    row = Row("k", "w", "", "planted", at_most(0.3), figures=[0.05], limits=[planted_effect])
    assert judged(row).measured is measured
