"""How sure can one be of a rate that was seen in a sample?

Pure.  The interval is the exact one of Clopper and Pearson: it covers the true rate at least as
often as it says, whatever the rate, and says something useful where none of *n* was found.

Source: C. J. Clopper and E. S. Pearson (1934), "The Use of Confidence or Fiducial Limits
Illustrated in the Case of the Binomial", Biometrika 26(4).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, log1p
from typing import Final

CONFIDENCE: Final = 0.95
_HALVINGS: Final = 60  # past the last bit of a float between 0 and 1


@dataclass(frozen=True, slots=True)
class Interval:
    """The rates that what was seen does not speak against."""

    low: float
    high: float


@lru_cache(maxsize=4096)
def interval(right: int, tried: int, confidence: float = CONFIDENCE) -> Interval:
    """Give the interval for the rate of which *right* of *tried* is a sample.

    Nothing tried says nothing: the interval is everything.

    Raises:
        ValueError: more than was tried, less than none, or a confidence that is not one.
    """
    if not 0 <= right <= tried or not 0 < confidence < 1:
        raise ValueError("right must be among tried, and the confidence between 0 and 1")
    if tried == 0:
        return Interval(0.0, 1.0)
    tail = (1 - confidence) / 2
    low, high = 0.0, 1.0
    if right > 0:  # the rate at which so many or more would be seen in one tail of cases only
        low = _rate_where(right, tried, tail)
    if right < tried:  # likewise for so few or fewer: the same question about the others
        high = 1 - _rate_where(tried - right, tried, tail)
    return Interval(low, high)


def at_least(right: int, tried: int, rate: float) -> float:
    """Give how likely *right* or more of *tried* are at this *rate*."""
    if right <= 0 or rate >= 1:
        return 1.0
    if rate <= 0:
        return 0.0
    inside, outside = log(rate), log1p(-rate)
    chance = 0.0
    for count in range(right, tried + 1):
        ways = lgamma(tried + 1) - lgamma(count + 1) - lgamma(tried - count + 1)
        chance += exp(ways + count * inside + (tried - count) * outside)
    return min(1.0, chance)


def _rate_where(right: int, tried: int, tail: float) -> float:
    """Give the rate at which *right* or more have the chance *tail*, which grows with the rate."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_least(right, tried, middle) < tail:
            low = middle
        else:
            high = middle
    return low
