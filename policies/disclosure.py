"""The smallest group that may be shown, and what to show instead."""

from __future__ import annotations


def publishable(count: int, population: int, floor: int) -> int | None:
    """Give *count* when it may be shown, or ``None``: the segment is *below the floor*.

    Refused below *floor* members, and also when fewer than *floor* of *population* are left
    outside: "all but three" tells of the three (R-78, R-79).  A floor under 1, a negative count
    or a count above its population is refused too, since one of the numbers must then be wrong.
    """
    if floor < 1 or count < floor or population - count < floor:
        return None
    return count
