"""A drain takes more at once while that is quick, and less when others wait for it."""

from __future__ import annotations

import pytest

from workers.jobs.portions import BESIDE_S, FIRST, LEAST, LONGEST_S, MOST, Portion


def after(*seconds: float, awaited: bool = False) -> list[int]:
    portion, sizes = Portion(), []
    for each in seconds:
        portion.learn(each, awaited=awaited)
        sizes.append(portion.size)
    return sizes


def test_a_portion_doubles_while_it_is_quick_up_to_the_most() -> None:
    assert after(*[LONGEST_S / 4] * 4) == [2 * FIRST, 4 * FIRST, MOST, MOST]


def test_one_that_takes_too_long_is_halved_down_to_the_least() -> None:
    assert after(*[2 * LONGEST_S] * 4) == [FIRST // 2, FIRST // 4, LEAST, LEAST]


def test_one_that_is_waited_for_is_to_be_short() -> None:
    assert after(*[BESIDE_S * 1.1] * 4, awaited=True) == [FIRST // 2, FIRST // 4, LEAST, LEAST]
    assert after(BESIDE_S / 3, awaited=True) == [2 * FIRST]


@pytest.mark.parametrize(("longest", "awaited"), [(LONGEST_S, False), (BESIDE_S, True)])
def test_in_between_it_stays(longest: float, *, awaited: bool) -> None:
    assert after(longest * 0.75, awaited=awaited) == [FIRST]
