"""A condition over what is known, and over what is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.conditions import (
    All,
    Any_,
    Compare,
    Condition,
    InSegment,
    Not,
    features_of,
    holds,
    segments_of,
)
from policies.vocabulary import Comparison

VIEWS = Compare("views", Comparison.AT_LEAST, 2)
FACTS = {"views": 2.0, "carts": None, "hours": math.nan}


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (Comparison.AT_LEAST, [False, True, True]),
        (Comparison.MORE_THAN, [False, False, True]),
        (Comparison.AT_MOST, [True, True, False]),
        (Comparison.LESS_THAN, [True, False, False]),
        (Comparison.EQUALS, [False, True, False]),
        (Comparison.DIFFERS, [True, False, True]),
    ],
)
def test_a_threshold_is_compared_as_it_reads(op: Comparison, expected: list[bool]) -> None:
    assert [holds(Compare("f", op, 2), {"f": value}, {}) for value in (1, 2, 3)] == expected


@pytest.mark.parametrize("key", ["carts", "hours", "unheard_of"])
def test_a_feature_without_a_value_is_unknown_and_so_is_its_negation(key: str) -> None:
    unknown = Compare(key, Comparison.AT_LEAST, 0)
    assert holds(unknown, FACTS, {}) is None
    assert holds(Not(unknown), FACTS, {}) is None


def test_one_known_part_can_settle_the_whole() -> None:
    unknown, never = (
        Compare("carts", Comparison.AT_LEAST, 1),
        Compare("views", Comparison.EQUALS, 9),
    )
    assert holds(All((unknown, never)), FACTS, {}) is False
    assert holds(All((unknown, VIEWS)), FACTS, {}) is None
    assert holds(All((VIEWS, VIEWS)), FACTS, {}) is True
    assert holds(Any_((unknown, VIEWS)), FACTS, {}) is True
    assert holds(Any_((unknown, never)), FACTS, {}) is None
    assert holds(Any_((never, never)), FACTS, {}) is False
    assert holds(Not(never), FACTS, {}) is True


def test_a_segment_not_computed_is_unknown() -> None:
    assert holds(InSegment("loyal"), {}, {"loyal": True}) is True
    assert holds(InSegment("loyal"), {}, {}) is None


def test_a_tree_tells_what_it_reads() -> None:
    tree = All((VIEWS, Not(Any_((InSegment("loyal"), Compare("carts", Comparison.EQUALS, 0))))))
    assert features_of(tree) == {"views", "carts"}
    assert segments_of(tree) == {"loyal"}


leaf = st.builds(
    Compare, st.sampled_from(["views", "carts"]), st.sampled_from(list(Comparison)), st.just(2.0)
)
trees: st.SearchStrategy[Condition] = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Any_, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(trees, st.sampled_from([None, 1.0, 2.0]), st.sampled_from([1.0, 2.0, 3.0]))
def test_learning_a_value_never_changes_what_was_certain(
    tree: Condition, views: float | None, carts: float
) -> None:
    before = holds(tree, {"views": views, "carts": None}, {})
    if before is not None:
        assert holds(tree, {"views": views, "carts": carts}, {}) is before


@given(trees)
def test_somebody_nothing_is_known_about_is_in_no_segment(tree: Condition) -> None:
    assert holds(tree, {}, {}) is None
