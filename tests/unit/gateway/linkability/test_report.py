"""The report tells luck from a link, and says when it proves nothing."""

from __future__ import annotations

from gateway.linkability.attack import Outcome
from gateway.linkability.report import Plant, Question, Report

JOINED = Outcome("t.mid (value)", 200, 190, 10, 190, 0.001)
LUCKY = Outcome("t.a = t.b (value)", 200, 1, 30, 0, 0.001)
NOTHING = Outcome("t.page (value)", 200, 0, 0, 0, 0.001)
FOUND = Plant("a number in both domains", 20, 20, 20)


def report(*plants: Plant, outcomes: tuple[Outcome, ...] = (JOINED, LUCKY, NOTHING)) -> Report:
    return Report(
        run="r",
        drawn=200,
        candidates={"marketing": (5000, 1000)},
        domains=Question(200, outcomes),
        identifiers=Question(0, ()),
        plants=plants,
        read={},
    )


def test_one_right_guess_among_many_ways_is_luck() -> None:
    question = Question(200, [JOINED, *[LUCKY] * 1000])
    assert question.beyond() == [JOINED]
    assert question.worst == 0.95


def test_luck_in_pairs_of_columns_is_counted_and_the_rest_listed() -> None:
    document = report(FOUND).document()["across_domains"]
    assert [one["path"] for one in document["beyond_chance"]] == ["t.mid (value)"]
    assert [one["path"] for one in document["within_chance"]] == ["t.page (value)"]
    assert document["within_chance_not_listed"] == 1
    assert document["within_chance_most_right"] == 1


def test_an_outcome_says_how_sure_it_is() -> None:
    document = NOTHING.document()
    assert (document["rate"], document["low"]) == (0, 0)
    assert document["high"] == 0.018275


def test_a_plant_that_was_missed_takes_the_proof_away() -> None:
    assert report(FOUND).proven
    assert not report(FOUND, Plant("an address in a row", 20, 19, 20)).proven
    assert not report(FOUND, Plant("numbers that nobody shares", 20, 3, 0)).proven
    assert not report().proven
    assert "proves nothing" in report().lines()[-1]


def test_nobody_to_try_it_on_is_said() -> None:
    assert "  nobody to try it on" in report(FOUND).lines()
