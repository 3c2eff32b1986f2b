"""Which segment sizes may be said aloud?

The numbers are kept as they are; the floor is applied whenever they are read, so that raising it
takes effect at once.
"""

from __future__ import annotations

from typing import NamedTuple

from policies.disclosure import publishable


class SegmentSize(NamedTuple):
    """How many belong to a segment, among how many that its purpose's consent admits."""

    members: int
    population: int


def disclosed(size: SegmentSize | None, floor: int) -> int | None:
    """Give the size that may be shown; ``None`` means *below the floor*, or not counted yet."""
    return None if size is None else publishable(size.members, size.population, floor)
