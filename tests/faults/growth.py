"""Does something grow?  The slope that half of all pairs of looks exceed, over the last two thirds.

The first third is for caches to fill and pools to open.  A median of slopes is not moved by the odd
look that met a vacuum or a refresh in its middle, as least squares would be.

Source: Sen (1968), "Estimates of the regression coefficient based on Kendall's tau".
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SETTLING = 1 / 3  # share of the time that is not looked at
MOST_POINTS = 120  # every pair of them is compared; more are put together before
FEWEST_POINTS = 6
HOUR_S = 3_600.0

Point = tuple[float, float]
"""When, in seconds, and how much."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How much something may seem to grow by chance: a share of what it is, or so much at least."""

    share: float
    least: float

    def of(self, level: float) -> float:
        return max(self.share * level, self.least)


@dataclass(frozen=True, slots=True)
class Trend:
    """What became of one figure: first, last and most of all looks, and where it leads.

    Attributes:
        grown: by how much it grew over the last two thirds, along the slope.
        an_hour: the slope.
        allowed: how much growth is put down to chance.
    """

    first: float
    last: float
    most: float
    grown: float
    an_hour: float
    allowed: float

    @property
    def grows(self) -> bool:
        return self.grown > self.allowed


def trend(points: Sequence[Point], bound: Bound) -> Trend | None:
    """Say where *points* lead; ``None`` if they are too few to say."""
    if not points:
        return None
    began, ended = points[0][0], points[-1][0]
    late = [point for point in points if point[0] >= began + SETTLING * (ended - began)]
    if len(late) < FEWEST_POINTS:
        return None
    slope = _slope(_fewer(late))
    values = [value for _, value in points]
    level = statistics.median(value for _, value in late)
    return Trend(
        first=values[0],
        last=values[-1],
        most=max(values),
        grown=slope * (late[-1][0] - late[0][0]),
        an_hour=slope * HOUR_S,
        allowed=bound.of(level),
    )


def _slope(points: Sequence[Point]) -> float:
    return statistics.median(
        (after - before) / (later - sooner)
        for (sooner, before), (later, after) in itertools.combinations(points, 2)
        if later > sooner
    )


def _fewer(points: Sequence[Point]) -> list[Point]:
    """Give the medians of neighbours where there are too many points to compare all."""
    each = -(-len(points) // MOST_POINTS)
    groups = [points[start : start + each] for start in range(0, len(points), each)]
    return [
        (statistics.fmean(at for at, _ in group), statistics.median(value for _, value in group))
        for group in groups
    ]
