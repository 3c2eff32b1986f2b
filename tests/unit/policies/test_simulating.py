"""What a rulebook would have done with the events that came is told from their counts."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from policies.comparing.simulating import UNKNOWN, Fate, Simulated, simulate
from policies.decisions import Reason
from policies.load import load_rulebook
from policies.ruleset import EventRule, RuleSet
from policies.vocabulary import LegalBasis

RULES = load_rulebook()
VIEWED = RULES.events["Product Viewed"]
COUNTS = {
    ("Product Viewed", "stored"): 100,
    ("Product Viewed", "duplicate"): 7,
    ("Product Viewed", str(Reason.CONSENT_MISSING)): 40,
    ("Product Viewed", str(Reason.CONSENT_REFUSED)): 5,
    ("Order Completed", "stored"): 10,
    (UNKNOWN, str(Reason.EVENT_UNKNOWN)): 60,
}


def with_event(rule: EventRule | None, name: str = "Product Viewed") -> RuleSet:
    """Give the shipped rulebook with another rule for an event, or none."""
    rest = {key: each for key, each in RULES.events.items() if key != name}
    if rule is not None:
        rest[rule.name] = rule
    return replace(RULES, events=MappingProxyType(rest))


def told(new: RuleSet, old: RuleSet = RULES) -> list[tuple[str, Fate, int, bool]]:
    return [each[:4] for each in simulate(old, new, COUNTS)]


def test_the_same_rulebook_does_the_same() -> None:
    assert simulate(RULES, RULES, COUNTS) == []


def test_an_event_no_longer_declared_is_refused_to_the_last_one() -> None:
    assert told(with_event(None)) == [("Product Viewed", Fate.REFUSED, 100, True)]


def test_an_event_of_another_name_that_keeps_the_old_one_is_the_same() -> None:
    renamed = replace(VIEWED, name="Article Seen", aliases=("Product Viewed",))
    assert told(with_event(renamed)) == []


@pytest.mark.parametrize(
    ("purposes", "expected"),
    [
        (VIEWED.purposes[1:], [("Product Viewed", Fate.NARROWED, 100, False)]),
        ((), [("Product Viewed", Fate.REFUSED, 100, True)]),
    ],
)
def test_an_event_that_serves_less(
    purposes: tuple[str, ...], expected: list[tuple[str, Fate, int, bool]]
) -> None:
    assert told(with_event(replace(VIEWED, purposes=purposes))) == expected


def test_an_event_that_serves_more() -> None:
    few = with_event(replace(VIEWED, purposes=VIEWED.purposes[:1]))
    assert told(RULES, few) == [("Product Viewed", Fate.WIDENED, 100, False)]


def test_a_new_event_may_be_among_those_nobody_declared() -> None:
    assert told(RULES, with_event(None))[-1] == (UNKNOWN, Fate.ADMITTED, 60, False)


def test_a_purpose_that_asks_no_more_admits_those_who_were_not_asked_and_the_other_way() -> None:
    key = VIEWED.purposes[0]
    free = replace(RULES.purposes[key], legal_basis=LegalBasis.LEGITIMATE_INTEREST, lia="LIA-1")
    unasked = replace(RULES, purposes=MappingProxyType({**RULES.purposes, key: free}))
    assert ("Product Viewed", Fate.ADMITTED, 45, False) in told(unasked)
    assert ("Product Viewed", Fate.REFUSED, 100, False) in told(RULES, unasked)


def test_events_that_did_not_come_are_not_told_of() -> None:
    assert all(isinstance(each, Simulated) and each.events for each in simulate(
        RULES, with_event(None, "Product Added"), COUNTS))  # fmt: skip
