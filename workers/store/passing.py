"""What of a rulebook's features changes by the mere passing of time?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from policies.conditions import Compare, leaves
from policies.ruleset import FeatureRule, RuleSet
from policies.vocabulary import Aggregate
from workers.features.state import PURCHASE

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Passing:
    """When a subject without new events may still change segments.

    Attributes:
        windows: lengths in days; a value changes when a day with activity leaves its window.
        first: thresholds in days on the age of the first event.
        last: the same on the newest event, *purchase* on the newest purchase.
        always: something compared changes without pause, so everybody is due every time.
    """

    windows: frozenset[int]
    first: tuple[float, ...]
    last: tuple[float, ...]
    purchase: tuple[float, ...]
    always: bool


def passing(rules: RuleSet) -> Passing:
    """Give what an incremental refresh must watch, from the features and what they are compared to.

    A number that grows with the clock (a recency, an age) is watched where a segment compares it:
    between two thresholds it moves nobody.
    """
    compared = [
        (rules.features[leaf.feature], leaf.value)
        for rule in rules.segments.values()
        for leaf in leaves(rule.condition)
        if isinstance(leaf, Compare)
    ]
    recency = [each for each in compared if each[0].aggregate == Aggregate.RECENCY]
    return Passing(
        windows=frozenset(
            feature.window // DAY for feature in rules.features.values() if feature.window
        ),
        first=_thresholds(each for each in compared if each[0].aggregate == Aggregate.AGE),
        last=_thresholds(each for each in recency if each[0].step != PURCHASE),
        purchase=_thresholds(each for each in recency if each[0].step == PURCHASE),
        always=any(
            feature.aggregate == Aggregate.FREQUENCY and feature.window is None
            for feature, _ in compared
        ),
    )


def _thresholds(compared: Iterable[tuple[FeatureRule, float]]) -> tuple[float, ...]:
    return tuple(sorted({threshold for _, threshold in compared}))
