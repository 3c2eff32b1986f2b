"""A membership is explained with the person's own numbers, and what would change it."""

from __future__ import annotations

import math

import pytest

from gateway.rights.explain import explain, rule_text, tree
from policies.conditions import holds
from policies.load import load_rulebook
from policies.ruleset import RuleSet, SegmentRule


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rulebook()


def every_segment() -> list[str]:
    return sorted(load_rulebook().segments)


@pytest.mark.parametrize("key", every_segment())
def test_every_shipped_rule_reads_as_a_sentence_in_both_languages(rules: RuleSet, key: str) -> None:
    said = rule_text(rules.segments[key], rules)
    assert set(said) == {"fr", "en"}
    assert all(len(text) > 10 and "{" not in text for text in said.values())


@pytest.mark.parametrize("key", every_segment())
def test_without_any_value_nothing_is_claimed(rules: RuleSet, key: str) -> None:
    explained = explain(rules.segments[key], rules, values={}, segments={})
    assert explained["recomputed"] is None
    assert explained["would_change_if"] == []


@pytest.mark.parametrize("key", every_segment())
@pytest.mark.parametrize("value", [0.0, 1.0, 7.0, 400.0, math.nan])
def test_the_explanation_agrees_with_the_rule(rules: RuleSet, key: str, value: float) -> None:
    rule: SegmentRule = rules.segments[key]
    values = dict.fromkeys(rules.features, value)
    explained = explain(rule, rules, values=values, segments={})
    assert explained["recomputed"] == holds(rule.condition, values, {})
    for given in explained["inputs"]:
        if "feature" in given and given["satisfied"] is not None:
            assert given["value"] == value


def test_the_change_named_would_indeed_change_it(rules: RuleSet) -> None:
    rule = rules.segments["recent_buyers"]
    values = dict.fromkeys(rules.features, 1.0)
    explained = explain(rule, rules, values=values, segments={})
    assert explained["recomputed"] is True
    assert explained["would_change_if"]


def test_the_tree_names_every_leaf(rules: RuleSet) -> None:
    rule = rules.segments["recent_buyers"]
    explained = explain(rule, rules, values={}, segments={})
    text = str(tree(rule.condition))
    for given in explained["inputs"]:
        assert (given.get("feature") or given.get("in_segment")) in text
