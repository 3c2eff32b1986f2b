"""A way names somebody when it can tell them apart, and nobody when it cannot."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.linkability.attack import Attack
from gateway.linkability.columns import DERIVED, NUMBER, REAL, Column, Values
from gateway.linkability.paths import (
    SHARED_BY,
    Beside,
    Holders,
    Path,
    Target,
    by_history,
    by_nearness,
    by_value,
    ways,
)

OTHER = 2  # the domain into which everybody is followed


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311  the same in every run, not a secret


def column(values: dict[int, Values], name: str = "t.c", family: str = NUMBER) -> Column:
    return Column(name, family, values)


def guess(
    values: dict[int, Values], candidates: set[int], target: int = 1, *, history: bool = False
) -> tuple[int, bool] | None:
    one = column(values)
    holders = Holders({OTHER: candidates})
    targets = [Target(target, OTHER)]
    if history:
        found = by_history(targets, one, holders, chance(1))
    else:
        found = by_value(targets, (one, one), holders, chance(1))
    return tuple(found[targets[0]]) if found else None  # type: ignore[return-value]


def test_a_value_that_one_candidate_has_too_names_them() -> None:
    assert guess({1: (7,), 10: (7,), 11: (8,)}, {10, 11}) == (10, True)


def test_nobody_is_named_who_shares_nothing() -> None:
    assert guess({1: (7,), 10: (9,), 11: (8,)}, {10, 11}) is None


def test_somebody_who_is_no_candidate_is_never_named() -> None:
    assert guess({1: (7,), 10: (7,), 11: (8,)}, {11}) is None


def test_a_rare_value_weighs_more_than_common_ones() -> None:
    values: dict[int, Values] = {1: (7, 1, 2), 10: (7,)}
    values |= dict.fromkeys(range(11, 41), (1, 2))
    assert guess(values, set(range(10, 41))) == (10, True)


def test_a_value_that_many_share_points_at_nobody() -> None:
    values: dict[int, Values] = dict.fromkeys(range(SHARED_BY + 2), (7,))
    assert guess(values, set(range(2, SHARED_BY + 2))) is not None
    values[SHARED_BY + 2] = (7,)
    assert guess(values, set(range(2, SHARED_BY + 3))) is None


def test_among_equals_somebody_is_named_but_not_alone() -> None:
    found = guess({1: (7,), 10: (7,), 11: (7,)}, {10, 11})
    assert found in {(10, False), (11, False)}


def test_the_same_history_is_the_same_values_as_often_in_any_order() -> None:
    values: dict[int, Values] = {1: (3, 3, 4), 10: (3, 4, 4), 11: (4, 3, 3)}
    assert guess(values, {10, 11}, history=True) == (11, True)
    assert guess({1: (), 10: ()}, {10}, history=True) is None


def test_the_nearest_is_named() -> None:
    target = Target(1, OTHER)
    found = by_nearness([target], {target: [Beside(10, 2), Beside(11, 1)]}, chance(1))
    assert tuple(found[target]) == (11, True)
    assert by_nearness([target], {}, chance(1)) == {}


def test_columns_of_one_family_are_compared_and_derived_ones_with_themselves_only() -> None:
    columns = [
        column({}, "t.a"),
        column({}, "t.b"),
        column({}, "t.r", REAL),
        column({}, "t.day", DERIVED),
        column({}, "t.hour", DERIVED),
    ]
    pairs = {
        (path.source, path.destination) for path, _, _ in ways(columns) if path.kind == "value"
    }
    assert ("t.a", "t.b") in pairs
    assert ("t.b", "t.a") in pairs
    assert ("t.a", "t.r") not in pairs
    assert ("t.day", "t.hour") not in pairs
    assert {path.source for path, _, _ in ways(columns) if path.kind == "history"} == {
        each.name for each in columns
    }


def attack(columns: list[Column], pairs: dict[int, int]) -> dict[str, tuple[int, int]]:
    """Follow each of *pairs* from the first domain into the second; give right and wrong."""
    truth = {Target(one, OTHER): other for one, other in pairs.items()}
    run = Attack(columns, {OTHER: set(pairs.values())}, {}, list(truth))
    found = run.run(truth, chance(3), lambda _: None)
    return {outcome.name: (outcome.right, outcome.wrong) for outcome in found}


PEOPLE = {number: 1000 + number for number in range(50)}


@given(seed=st.integers())
def test_a_planted_value_is_always_found_and_independent_ones_are_not(seed: int) -> None:
    random = chance(seed)
    shared = column({}, "t.shared")
    apart = column({}, "t.apart")
    for one, other in PEOPLE.items():
        shared.values[one] = shared.values[other] = (random.getrandbits(60),)
        apart.values[one], apart.values[other] = ((random.getrandbits(60),) for _ in range(2))
    found = attack([shared, apart], PEOPLE)
    assert found["t.shared (value)"] == (len(PEOPLE), 0)
    assert found["t.shared (history)"] == (len(PEOPLE), 0)
    assert found["t.apart (value)"] == (0, 0)
    assert found["t.shared = t.apart (value)"] == (0, 0)


def test_guesses_among_many_are_no_better_than_chance_and_said_to_be_so() -> None:
    one = column({number: (number % 2,) for number in (*PEOPLE, *PEOPLE.values())})
    truth = {Target(a, OTHER): b for a, b in PEOPLE.items()}
    run = Attack([one], {OTHER: set(PEOPLE.values())}, {}, list(truth))
    for outcome in run.run(truth, chance(3), lambda _: None):
        assert outcome.guess == pytest.approx(1 / len(PEOPLE))
        assert outcome.right < 10
        assert not outcome.beyond_chance(1000)


def test_what_stands_near_is_a_way_of_its_own() -> None:
    truth = {Target(a, OTHER): b for a, b in PEOPLE.items()}
    path = Path("next number", "t.id", "t.id")
    near = {path: {target: [Beside(answer, 1)] for target, answer in truth.items()}}
    (found,) = Attack([], {OTHER: set(truth.values())}, near, list(truth)).run(
        truth, chance(1), lambda _: None
    )
    assert (found.name, found.right) == ("t.id (next number)", len(PEOPLE))
    assert found.beyond_chance(5000)
