"""What it takes to be in a segment: a tree of comparisons, and what it says of one subject.

A feature without a value makes its comparison *unknown*, and unknown survives NOT: a subject we
know nothing about is in no segment, not even in one defined by an absence (three-valued logic of
Kleene, 1938).  ``workers.segments.engine`` evaluates the same tree over many subjects; this
one-subject form is what examples, explanations and tests run.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.vocabulary import Comparison

_COMPARE: Final[dict[Comparison, Callable[[float, float], bool]]] = {
    Comparison.AT_LEAST: operator.ge,
    Comparison.MORE_THAN: operator.gt,
    Comparison.AT_MOST: operator.le,
    Comparison.LESS_THAN: operator.lt,
    Comparison.EQUALS: operator.eq,
    Comparison.DIFFERS: operator.ne,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """A feature compared with a threshold, in the feature's own unit."""

    feature: str
    op: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class InSegment:
    """Membership of another segment of the rulebook, by key."""

    key: str


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds.  Never empty."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 -- `Any` would shadow the type every reader knows
    """At least one part holds.  Never empty."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part is known not to hold."""

    part: Condition


Condition = All | Any_ | Not | Compare | InSegment


def holds(
    condition: Condition, values: Mapping[str, float | None], segments: Mapping[str, bool | None]
) -> bool | None:
    """Say whether *condition* holds for one subject; ``None`` when that is unknown.

    Args:
        condition: the tree.
        values: features of the subject by key; ``None``, NaN and absence mean *no value*.
        segments: what is known of the segments the tree refers to.
    """
    if isinstance(condition, Compare):
        return _compare(values.get(condition.feature), condition.op, condition.value)
    if isinstance(condition, InSegment):
        return segments.get(condition.key)
    if isinstance(condition, Not):
        inner = holds(condition.part, values, segments)
        return None if inner is None else not inner
    found = [holds(part, values, segments) for part in condition.parts]
    # One part that holds settles ANY, one that does not settles ALL; else one unknown part is
    # enough to leave the whole unknown.
    settling = isinstance(condition, Any_)
    if settling in found:
        return settling
    return None if None in found else not settling


def _compare(actual: float | None, op: Comparison, value: float) -> bool | None:
    if actual is None or math.isnan(actual):
        return None
    return _COMPARE[op](actual, value)


def leaves(condition: Condition) -> Iterator[Compare | InSegment]:
    """Give every comparison and every reference of the tree, left to right."""
    if isinstance(condition, Compare | InSegment):
        yield condition
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    else:
        for part in condition.parts:
            yield from leaves(part)


def features_of(condition: Condition) -> frozenset[str]:
    """Give the keys of the features the tree reads."""
    return frozenset(leaf.feature for leaf in leaves(condition) if isinstance(leaf, Compare))


def segments_of(condition: Condition) -> frozenset[str]:
    """Give the keys of the segments the tree refers to directly."""
    return frozenset(leaf.key for leaf in leaves(condition) if isinstance(leaf, InSegment))
