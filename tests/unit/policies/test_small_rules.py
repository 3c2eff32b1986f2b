"""Disclosure, retention, minimisation, signals: the small pure rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.disclosure import publishable
from policies.load import load_rulebook
from policies.minimisation import by_domain, granted_purposes, surviving
from policies.retention import expired, horizon_us, live_purposes, period_of
from policies.signals import signalled

RULES = load_rulebook()
PURPOSES = tuple(RULES.purposes)
DAY_US = 86_400_000_000
some_purposes = st.sets(st.sampled_from(PURPOSES))
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.just([]))


@pytest.mark.parametrize(
    ("count", "population", "shown"),
    [
        (19, 500, None),
        (20, 500, 20),
        (21, 500, 21),
        (480, 500, 480),
        (481, 500, None),
        (0, 0, None),
    ],
)
def test_the_floor_holds_on_both_sides(count: int, population: int, shown: int | None) -> None:
    assert publishable(count, population, 20) == shown


@given(st.integers(-5, 200), st.integers(-5, 200), st.integers(-5, 60))
def test_nothing_is_shown_unless_both_groups_reach_the_floor(
    count: int, population: int, floor: int
) -> None:
    shown = publishable(count, population, floor)
    assert shown is None or (shown == count >= floor >= 1 and population - count >= floor)


def test_the_last_instant_of_a_period_is_no_longer_inside_it() -> None:
    assert not expired(0, 2 * DAY_US - 1, timedelta(days=2))
    assert expired(0, 2 * DAY_US, timedelta(days=2))


@given(st.integers(0, 10**16), st.integers(0, 10**16), st.integers(0, 1000))
def test_what_has_expired_is_what_is_not_newer_than_the_horizon(
    at_us: int, now_us: int, days: int
) -> None:
    period = timedelta(days=days)
    assert expired(at_us, now_us, period) == (at_us <= horizon_us(now_us, period))


def test_a_row_is_kept_as_long_as_its_most_lasting_purpose() -> None:
    assert period_of(RULES, PURPOSES) == timedelta(days=761)
    assert period_of(RULES, []) == timedelta(0)


def test_a_purpose_stops_counting_when_its_period_ends() -> None:
    assert live_purposes(RULES, PURPOSES, at_us=0, now_us=761 * DAY_US - 1) == PURPOSES
    assert live_purposes(RULES, PURPOSES, at_us=0, now_us=761 * DAY_US) == ()


@given(st.sampled_from(sorted(RULES.events)), some_purposes)
def test_an_event_is_kept_for_no_purpose_beyond_those_declared_and_in_force(
    name: str, consented: set[str]
) -> None:
    granted = granted_purposes(RULES.events[name], consented)
    assert set(granted) == set(RULES.events[name].purposes) & consented


@given(st.sampled_from(sorted(RULES.events)), some_purposes, some_purposes)
def test_fewer_purposes_never_keep_more_properties(
    name: str, some: set[str], more: set[str]
) -> None:
    event = RULES.events[name]
    assert set(surviving(event, some)) <= set(surviving(event, some | more))
    assert surviving(event, set()) == ()


@given(some_purposes)
def test_a_domain_gets_its_own_purposes_only(granted: set[str]) -> None:
    split = by_domain(RULES, granted)
    assert {purpose for purposes in split.values() for purpose in purposes} == granted
    for domain, purposes in split.items():
        assert purposes
        assert set(purposes) <= set(RULES.domains[domain].purposes)


@given(st.dictionaries(st.sampled_from([*RULES.categories, "other"]), anything))
def test_only_a_plain_true_grants_and_only_a_plain_false_refuses(said: dict[str, object]) -> None:
    found = signalled(RULES, said)
    for purpose in found.grants:
        naming = [key for key, purposes in RULES.categories.items() if purpose in purposes]
        assert all(said.get(key) is True for key in naming)
    for purpose in found.refuses:
        assert any(
            said.get(key) is False
            for key, purposes in RULES.categories.items()
            if purpose in purposes
        )
    assert not set(found.grants) & set(found.refuses)
