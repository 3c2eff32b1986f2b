"""The interval is the exact one, and says what a sample can say."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from gateway.linkability.statistics import Interval, at_least, interval

SAMPLES = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("right", "tried", "low", "high"),
    [
        (0, 200, 0.0, 0.018275),  # 1 - 0.025 ** (1 / 200)
        (0, 10, 0.0, 0.308497),
        (10, 10, 0.691503, 1.0),
        (5, 10, 0.187086, 0.812914),
        (1, 20, 0.001265, 0.248733),
        (20, 20, 0.831567, 1.0),
    ],
)
def test_the_interval_is_that_of_the_tables(
    right: int, tried: int, low: float, high: float
) -> None:
    found = interval(right, tried)
    assert found.low == pytest.approx(low, abs=1e-6)
    assert found.high == pytest.approx(high, abs=1e-6)


def test_none_of_many_bounds_the_rate_from_above() -> None:
    for tried in (1, 7, 200, 1000):
        assert interval(0, tried).high == pytest.approx(1 - 0.025 ** (1 / tried), abs=1e-12)


def test_nothing_tried_says_nothing() -> None:
    assert interval(0, 0) == Interval(0.0, 1.0)


@given(sample=SAMPLES, confidence=st.sampled_from([0.8, 0.95, 0.999]))
def test_it_agrees_with_an_independent_implementation(
    sample: tuple[int, int], confidence: float
) -> None:
    right, tried = sample
    theirs = binomtest(right, tried).proportion_ci(confidence, method="exact")
    found = interval(right, tried, confidence)
    assert found.low == pytest.approx(theirs.low, abs=1e-7)
    assert found.high == pytest.approx(theirs.high, abs=1e-7)


@given(sample=SAMPLES)
def test_it_holds_the_rate_that_was_seen_and_mirrors(sample: tuple[int, int]) -> None:
    right, tried = sample
    found, mirrored = interval(right, tried), interval(tried - right, tried)
    assert 0 <= found.low <= right / tried <= found.high <= 1
    assert mirrored.low == pytest.approx(1 - found.high, abs=1e-9)


@given(sample=SAMPLES)
def test_more_confidence_and_fewer_tries_make_it_wider(sample: tuple[int, int]) -> None:
    right, tried = sample
    found, surer = interval(right, tried), interval(right, tried, 0.999)
    assert surer.low <= found.low
    assert surer.high >= found.high
    assert interval(2 * right, 2 * tried).high <= found.high + 1e-9


@given(tried=st.integers(1, 60), rate=st.floats(0.01, 0.99))
def test_it_covers_the_true_rate_at_least_as_often_as_it_says(tried: int, rate: float) -> None:
    covered = sum(
        comb(tried, right) * rate**right * (1 - rate) ** (tried - right)
        for right in range(tried + 1)
        if interval(right, tried).low <= rate <= interval(right, tried).high
    )
    assert covered >= 0.95 - 1e-9


def test_the_ends_of_the_chance() -> None:
    assert at_least(0, 5, 0.3) == 1
    assert at_least(1, 5, 0.0) == 0
    assert at_least(5, 5, 1.0) == 1
    assert at_least(1, 2, 0.5) == pytest.approx(0.75)


@pytest.mark.parametrize("sample", [(-1, 5), (6, 5), (0, -1)])
def test_what_is_no_sample_is_refused(sample: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="among tried"):
        interval(*sample)
