"""Seeded TC strings as a consent platform writes them: most vendors, some of them by ranges.

Written from IAB Tech Lab, "Transparency and Consent String with Global Vendor & CMP List Formats"
(2.3), for this purpose only: the tests have their own writer, held against the IAB's library.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VENDORS = 1_100  # as many as the list of vendors has
_DECISECONDS = 17_700_000_000  # in the year 2026


def tc_strings(count: int, *, seed: int = 1815) -> list[str]:
    """Write *count* strings of version 2 with the segment of disclosed vendors."""
    dice = random.Random(seed)  # noqa: S311  # strings, not secrets
    return [f"{_signs(_core(dice))}.{_signs(_number(1, 3) + _vendors(dice))}" for _ in range(count)]


def _core(dice: random.Random) -> str:
    at = _DECISECONDS + dice.randrange(10_000_000)
    head = ((2, 6), (at, 36), (at, 36), (dice.randrange(1, 500), 12), (1, 12), (1, 6))
    text = "".join(_number(*each) for each in head) + _letters("FR")
    text += _number(dice.randrange(50, 300), 12) + _number(5, 6) + "10"
    text += _number(dice.randrange(2**12), 12) + _number(dice.randrange(2**24), 24)
    text += _number(0, 24) + "0" + _letters("FR")
    return text + _vendors(dice) + _vendors(dice) + _number(0, 12)


def _vendors(dice: random.Random) -> str:
    most = dice.randrange(_VENDORS // 2, _VENDORS)
    chosen = [vendor for vendor in range(1, most + 1) if dice.random() < 0.7]
    most = chosen[-1]
    if dice.random() < 0.5:
        listed = set(chosen)
        bits = "".join("1" if vendor in listed else "0" for vendor in range(1, most + 1))
        return _number(most, 16) + "0" + bits
    ranges = list(_ranges(chosen))
    return _number(most, 16) + "1" + _number(len(ranges), 12) + "".join(ranges)


def _ranges(chosen: list[int]) -> Iterable[str]:
    first = last = chosen[0]
    for vendor in [*chosen[1:], 0]:
        if vendor == last + 1:
            last = vendor
            continue
        end = _number(last, 16) if last > first else ""
        yield ("1" if end else "0") + _number(first, 16) + end
        first = last = vendor


def _letters(word: str) -> str:
    return "".join(_number(ord(letter) - ord("A"), 6) for letter in word)


def _number(value: int, width: int) -> str:
    return f"{value:0{width}b}"


def _signs(bits: str) -> str:
    bits += "0" * (-len(bits) % 24)
    return "".join(_SIGNS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))
