"""A drain takes more at once while that is quick, and less when others wait for it."""

from __future__ import annotations

from workers.jobs.portions import LEAST, LONGEST_S, MOST, Portion


def test_a_portion_doubles_while_it_is_quick_up_to_the_most() -> None:
    portion = Portion()
    sizes = [portion.size]
    for _ in range(4):
        portion.learn(LONGEST_S / 4)
        sizes.append(portion.size)
    assert sizes == [LEAST, 2 * LEAST, 4 * LEAST, MOST, MOST]


def test_a_portion_that_took_too_long_is_halved_down_to_the_least() -> None:
    portion = Portion()
    portion.learn(0.0)
    for _ in range(3):
        portion.learn(2 * LONGEST_S)
    assert portion.size == LEAST


def test_in_between_it_stays() -> None:
    portion = Portion()
    portion.learn(0.0)
    portion.learn(LONGEST_S * 0.75)
    assert portion.size == 2 * LEAST
