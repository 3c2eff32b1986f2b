"""Growth is told from the filling of a cache, from noise, and from a single high look."""

from __future__ import annotations

import math

import pytest

from tests.faults.growth import Bound, Point, trend
from tests.faults.seed import dice

HOUR_S = 3_600
MEMORY = Bound(share=0.05, least=8.0)


def looks(of: object, seconds: int = HOUR_S) -> list[Point]:
    """Give what *of* says of each fifth second."""
    assert callable(of)
    return [(float(at), float(of(at))) for at in range(0, seconds, 5)]


def test_a_leak_of_a_third_of_a_megabyte_a_minute_is_growth_though_it_is_noisy() -> None:
    roll = dice(1, "noise")
    found = trend(looks(lambda at: 200 + at / 60 / 3 + roll.gauss(0, 4)), MEMORY)
    assert found is not None
    assert found.grows
    assert found.an_hour == pytest.approx(20, rel=0.1)
    assert found.grown == pytest.approx(40 / 3, rel=0.1)


def test_a_cache_that_fills_and_is_full_is_no_growth() -> None:
    found = trend(looks(lambda at: 200 - 60 * math.exp(-at / 400)), MEMORY)
    assert found is not None
    assert not found.grows
    assert found.last > found.first + 50


def test_noise_and_a_few_high_looks_are_no_growth() -> None:
    roll = dice(2, "noise")
    found = trend(looks(lambda at: 200 + roll.gauss(0, 6) + 300 * (at > 3_550)), MEMORY)
    assert found is not None
    assert not found.grows
    assert found.most > 450


def test_three_connections_more_are_chance_and_six_are_not() -> None:
    count = Bound(share=0.1, least=3.0)
    said = [trend(looks(lambda at, more=more: 20 + more * at / HOUR_S), count) for more in (3, 6)]
    assert [found is not None and found.grows for found in said] == [False, True]


def test_too_few_looks_say_nothing() -> None:
    assert trend([], MEMORY) is None
    assert trend(looks(lambda _: 1, seconds=30), MEMORY) is None
