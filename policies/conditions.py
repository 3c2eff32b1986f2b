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
    match condition:
        case Compare(feature, op, value):
            return _compare(values.get(feature), op, value)
        case InSegment(key):
            return segments.get(key)
        case Not(part):
            inner = holds(part, values, segments)
            return None if inner is None else not inner
        case All(parts):
            found = [holds(part, values, segments) for part in parts]
            return False if False in found else None if None in found else True
        case Any_(parts):
            found = [holds(part, values, segments) for part in parts]
            return True if True in found else None if None in found else False


def _compare(actual: float | None, op: Comparison, value: float) -> bool | None:
    if actual is None or math.isnan(actual):
        return None
    return _COMPARE[op](actual, value)


def leaves(condition: Condition) -> Iterator[Compare | InSegment]:
    """Give every comparison and every reference of the tree, left to right."""
    match condition:
        case Compare() | InSegment():
            yield condition
        case Not(part):
            yield from leaves(part)
        case All(parts) | Any_(parts):
            for part in parts:
                yield from leaves(part)


def features_of(condition: Condition) -> frozenset[str]:
    """Give the keys of the features the tree reads."""
    return frozenset(leaf.feature for leaf in leaves(condition) if isinstance(leaf, Compare))


def segments_of(condition: Condition) -> frozenset[str]:
    """Give the keys of the segments the tree refers to directly."""
    return frozenset(leaf.key for leaf in leaves(condition) if isinstance(leaf, InSegment))
