"""A row says how its result stands to the bar, and that it has none where it has none."""

from __future__ import annotations

import pytest

from benchmarks.rows import Bar, Row, at_least, at_most, plain


def row(bar: Bar | None, *, against: str = "a limit", **columns: list[float]) -> Row:
    return Row("key", "what", "1/s", against, bar, **columns)


def test_the_result_is_the_ratio_of_the_medians() -> None:
    measured = row(at_least(0.5), figures=[1.0, 6.0, 9.0], limits=[2.0, 12.0, 100.0])
    assert measured.result == 0.5
    assert measured.verdict() == "met"


def test_without_a_limit_the_median_is_held_against_the_bar() -> None:
    assert row(at_most(100), against="", figures=[99.0, 101.0, 500.0]).verdict() == (
        "**falls short**"
    )


def test_a_row_without_a_limit_that_it_needs_is_not_measured() -> None:
    unlimited = row(at_least(1), figures=[1.0])
    unlimited.missing = "the server went away"
    assert "not measured" in unlimited.cells()
    assert unlimited.cells()[-1] == "the server went away"


@pytest.mark.parametrize(
    ("value", "text"), [(12_345.6, "12,346"), (12.34, "12.3"), (0.518, "0.52"), (0.0066, "0.0066")]
)
def test_numbers_have_the_digits_that_mean_something(value: float, text: str) -> None:
    assert plain(value) == text
