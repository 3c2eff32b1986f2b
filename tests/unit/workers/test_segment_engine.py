"""The compiled engine says what the rulebook's own one-subject evaluation says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.conditions import All, Any_, Compare, Condition, InSegment, Not, holds
from policies.ruleset import SegmentRule
from policies.vocabulary import Comparison, DecisionEffect
from workers.errors import SegmentCircular
from workers.segments.engine import Engine
from workers.segments.floor import SegmentSize, disclosed

FEATURES = ("purchases", "visits", "recency")

compares = st.builds(
    Compare,
    feature=st.sampled_from((*FEATURES, "of_another_domain")),
    op=st.sampled_from(Comparison),
    value=st.integers(-2, 2).map(float),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(compares, st.just(InSegment("other"))),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Any_(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=8,
)
values = st.lists(
    st.one_of(st.none(), st.just(math.nan), st.integers(-3, 3).map(float)), min_size=3, max_size=3
)


def _segment(key: str, condition: Condition) -> SegmentRule:
    return SegmentRule(key, 1, "", "", "", "", "p", condition, "shop", DecisionEffect.NONE)


@given(condition=conditions, other=compares, values=values, admitted=st.booleans())
def test_the_compiled_tree_means_what_the_written_tree_means(
    condition: Condition, other: Condition, values: list[float | None], *, admitted: bool
) -> None:
    engine = Engine([_segment("one", condition), _segment("other", other)], FEATURES)
    by_key = dict(zip(FEATURES, values, strict=True))
    known = {"other": holds(other, by_key, {}) if admitted else None}
    found = engine.memberships(values, {"one", "other"} if admitted else {"one"})
    assert ("one" in found) is (holds(condition, by_key, known) is True)


def test_a_segment_that_is_not_admitted_has_no_member_and_lends_no_absence() -> None:
    everybody = Compare("purchases", Comparison.AT_LEAST, 0)
    nobody = Compare("purchases", Comparison.LESS_THAN, 0)
    engine = Engine([_segment("a", Not(InSegment("b"))), _segment("b", nobody)], FEATURES)
    assert engine.memberships([1.0, 1.0, 1.0], {"a"}) == set()
    assert engine.memberships([1.0, 1.0, 1.0], {"a", "b"}) == {"a"}
    assert Engine([_segment("c", everybody)], FEATURES).memberships([1.0, 1.0, 1.0], set()) == set()


def test_a_circle_of_segments_is_refused() -> None:
    circle = [_segment("a", InSegment("b")), _segment("b", Not(InSegment("a")))]
    with pytest.raises(SegmentCircular, match="refers to itself"):
        Engine(circle, FEATURES)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (SegmentSize(19, 1_000), None),
        (SegmentSize(20, 1_000), 20),
        (SegmentSize(981, 1_000), None),
        (None, None),
    ],
)
def test_sizes_below_the_floor_and_complements_below_it_are_not_shown(
    size: SegmentSize | None, shown: int | None
) -> None:
    assert disclosed(size, 20) == shown
