"""Which segments does a subject belong to, given its feature values?

The condition trees of the rulebook are compiled to closures once.  Their meaning is that of
``policies.conditions.holds`` (three-valued: a missing value is unknown, and unknown is no
membership); ``tests/unit/workers/test_segment_engine.py`` holds the two together.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from policies.conditions import All, Any_, Compare, Condition, InSegment, Not, segments_of
from policies.ruleset import SegmentRule
from policies.vocabulary import Comparison
from workers.errors import SegmentCircular

Values = Sequence[float | None]
Known = Mapping[str, bool | None]
Test = Callable[[Values, Known], bool | None]
Tests = tuple[tuple[str, Test], ...]
Comparer = Callable[[float, float], bool]
Leaf = tuple[int | None, Comparer, float]

_COMPARE: dict[Comparison, Comparer] = {
    Comparison.AT_LEAST: operator.ge,
    Comparison.MORE_THAN: operator.gt,
    Comparison.AT_MOST: operator.le,
    Comparison.LESS_THAN: operator.lt,
    Comparison.EQUALS: operator.eq,
    Comparison.DIFFERS: operator.ne,
}
# Of values that are there: what is missing is missing negated too.
_OPPOSITE: dict[Comparer, Comparer] = {
    operator.ge: operator.lt,
    operator.gt: operator.le,
    operator.le: operator.gt,
    operator.lt: operator.ge,
    operator.eq: operator.ne,
    operator.ne: operator.eq,
}


class Engine:
    """The segments of one rulebook, ready to be asked about many subjects."""

    def __init__(self, segments: Iterable[SegmentRule], features: Sequence[str]) -> None:
        """Compile; *features* names the positions of the values that will be given.

        Raises:
            SegmentCircular: a segment refers to itself, directly or through others.
        """
        position = {key: at for at, key in enumerate(features)}
        self._tests = tuple(
            (segment.key, _compile(segment.condition, position)) for segment in _in_order(segments)
        )

    def memberships(self, values: Values, admitted: Collection[str]) -> set[str]:
        """Give the keys of the segments the subject belongs to.

        Only *admitted* segments are looked at: those whose purpose the subject's consent covers
        now.  To a segment that refers to another, one that is not admitted is unknown.
        """
        return belonging(self.among(admitted), values)

    def among(self, admitted: Collection[str]) -> Tests:
        """Give the tests of the *admitted* segments, for ``belonging``: few sets, many subjects."""
        return tuple((key, test) for key, test in self._tests if key in admitted)


def belonging(tests: Tests, values: Values) -> set[str]:
    """Give the keys of the segments whose tests *values* pass, each asked after those it names."""
    known: dict[str, bool | None] = {}
    for key, test in tests:
        known[key] = test(values, known)
    return {key for key, belongs in known.items() if belongs}


def _in_order(segments: Iterable[SegmentRule]) -> list[SegmentRule]:
    """Give *segments* so that each comes after those it refers to."""
    rules = {segment.key: segment for segment in segments}
    ordered: dict[str, SegmentRule] = {}

    def visit(key: str, above: frozenset[str]) -> None:
        if key in above:
            raise SegmentCircular(key)
        if key in ordered or key not in rules:
            return
        for other in sorted(segments_of(rules[key].condition)):
            visit(other, above | {key})
        ordered[key] = rules[key]

    for key in rules:
        visit(key, frozenset())
    return list(ordered.values())


def _compile(condition: Condition, position: Mapping[str, int]) -> Test:
    match condition:
        case Compare():
            return _gather([condition], position, decisive=False)
        case InSegment(key):
            return lambda _, known: known.get(key)
        case Not(part):
            return _not(_compile(part, position))
        case All(parts):
            return _gather(parts, position, decisive=False)
        case Any_(parts):
            return _gather(parts, position, decisive=True)


def _leaf(condition: Condition, position: Mapping[str, int]) -> Leaf | None:
    """Give where the value stands and how it is compared; ``None`` if it is no comparison.

    A value of another domain stands nowhere, and nothing is known of it here.
    """
    match condition:
        case Compare(feature, op, value):
            return position.get(feature), _COMPARE[op], value
        case Not(Compare(feature, op, value)):
            return position.get(feature), _OPPOSITE[_COMPARE[op]], value
    return None


def _not(part: Test) -> Test:
    def test(values: Values, known: Known) -> bool | None:
        inner = part(values, known)
        return None if inner is None else not inner

    return test


def _gather(parts: Sequence[Condition], position: Mapping[str, int], *, decisive: bool) -> Test:
    """Give AND (``decisive=False``) or OR (``decisive=True``): one decisive part settles it.

    Comparisons come first and in the loop itself: nearly all parts are some, and a call for each
    would double the price.  The order changes nothing, for a part has no effect but its answer.
    """
    leaves = [leaf for part in parts if (leaf := _leaf(part, position))]
    rest = [_compile(part, position) for part in parts if not _leaf(part, position)]

    def test(values: Values, known: Known) -> bool | None:
        unknown = False
        for at, holds, threshold in leaves:
            value = None if at is None else values[at]
            # NaN is the one value that differs from itself; it stands for no value.
            if value is None or value != value:  # noqa: PLR0124
                unknown = True
            elif holds(value, threshold) is decisive:
                return decisive
        for part in rest:
            found = part(values, known)
            if found is decisive:
                return decisive
            unknown = unknown or found is None
        return None if unknown else not decisive

    return test
