"""How are the daily partials of a subject kept, from the store through the fold and back?

As the bytes in which PostgreSQL sends and takes a ``bigint[]``: three numbers a partial (UTC day,
code, value), in that order, each behind its length.  A history has hundreds of numbers and a fold
changes those of one day; so long as nobody asks, the others are never made into objects.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from struct import Struct

NO_DAY = -(2**62)  # before every day an event can have

_WIDTH = 8
SIZE = 36  # bytes of a partial: day, code and value, each behind its width
_READ = Struct(">4xq4xq4xq")
_DAY = Struct(">4xq")

Partial = tuple[int, int, int]
"""UTC day number, code, value."""


def records(days: bytes) -> Iterator[Partial]:
    """Give the partials in their order."""
    return _READ.iter_unpack(days)


def packed(partials: Iterable[Partial]) -> bytes:
    """Pack partials that come in their order."""
    return b"".join(closed(day, {code: value}) for day, code, value in partials)


def place_of(days: bytes, day: int) -> int:
    """Give where the partials of *day* and of later ones begin, in bytes."""
    places = range(len(days) // SIZE)
    at = bisect_left(places, day, key=lambda place: _DAY.unpack_from(days, place * SIZE)[0])
    return at * SIZE


def reopened(days: bytes) -> tuple[bytes, int, dict[int, int]]:
    """Take the newest day off: give the partials before it, the day, and its own by code."""
    if not days:
        return days, NO_DAY, {}
    start = len(days) - SIZE
    newest, code, value = _READ.unpack_from(days, start)
    partials = {code: value}
    while start:
        day, code, value = _READ.unpack_from(days, start - SIZE)
        if day != newest:
            break
        partials[code] = value
        start -= SIZE
    return days[:start], newest, partials


def closed(day: int, partials: dict[int, int]) -> bytes:
    """Pack the partials of one day, by code; one that came to nothing is none."""
    numbers: list[int] = []
    for code in sorted(partials):
        if partials[code]:
            numbers += (_WIDTH, day, _WIDTH, code, _WIDTH, partials[code])
    return _packer(len(numbers) // 6)(*numbers)


def without(days: bytes, part: bytes) -> bytes:
    """Take the partials of *part*, the newest ones, off *days*."""
    if not part:
        return days
    start = place_of(days, _DAY.unpack_from(part)[0])
    left: dict[int, dict[int, int]] = {}
    for day, code, value in records(days[start:]):
        left.setdefault(day, {})[code] = value
    for day, code, value in records(part):
        partials = left.setdefault(day, {})
        partials[code] = partials.get(code, 0) - value
    return days[:start] + b"".join(closed(day, left[day]) for day in sorted(left))


@cache
def _packer(count: int) -> Callable[..., bytes]:
    return Struct(">" + "iqiqiq" * count).pack
