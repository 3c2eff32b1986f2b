"""From the text of a TC string to its parts: every bit is read, or the string is refused.

The work is bounded by the length of the text, whatever it says of itself: ranges stay ranges, and
each entry of a list must be there to be read.
"""

from __future__ import annotations

import re
from typing import Any, Final

from gateway.consent.tcf.bits import Bits
from gateway.consent.tcf.flaws import Flaw, TcInvalid
from gateway.consent.tcf.parts import (
    PURPOSES,
    REQUIRE_LEGITIMATE_INTEREST,
    SPECIAL_FEATURES,
    PublisherTc,
    Restriction,
    TcString,
    Vendors,
)

MAX_CHARACTERS: Final = 8_192
VERSION: Final = 2
DISCLOSED_VENDORS, PUBLISHER_TC = 1, 3  # types of segments

_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_HIGHEST_VENDOR = 2**16 - 1


def decode(text: str) -> TcString:
    """Read a TC string of version 2.

    Raises:
        TcInvalid: it is not one, to the last bit.
    """
    if len(text) > MAX_CHARACTERS:
        raise TcInvalid(Flaw.TOO_LONG)
    if _SEGMENTS.fullmatch(text) is None:
        raise TcInvalid(Flaw.ALPHABET)
    core, *others = text.split(".")
    return TcString(**_core(Bits(core)), **_others(others))


def _core(bits: Bits) -> dict[str, Any]:
    if bits.take(6) != VERSION:
        raise TcInvalid(Flaw.VERSION)
    found = {
        "created": bits.take(36),
        "updated": bits.take(36),
        "cmp": bits.take(12),
        "cmp_version": bits.take(12),
        "screen": bits.take(6),
        "language": bits.letters(),
        "vendor_list": bits.take(12),
        "policy": bits.take(6),
        "service_specific": bool(bits.take(1)),
        "other_texts": bool(bits.take(1)),
        "special_features": bits.numbers(SPECIAL_FEATURES),
        "purposes": bits.numbers(PURPOSES),
        "legitimate_interests": bits.numbers(PURPOSES),
        "purpose_one_undisclosed": bool(bits.take(1)),
        "country": bits.letters(),
        "vendors": _vendors(bits),
        "vendors_legitimate_interest": _vendors(bits),
        "restrictions": tuple(_restriction(bits) for _ in range(bits.take(12))),
    }
    bits.end()
    return found


def _others(segments: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for segment in segments:
        bits = Bits(segment)
        kind = bits.take(3)
        if kind == DISCLOSED_VENDORS and "disclosed" not in found:
            found["disclosed"] = _vendors(bits)
        elif kind == PUBLISHER_TC and "publisher" not in found:
            found["publisher"] = _publisher(bits)
        else:
            raise TcInvalid(Flaw.SEGMENT)
        bits.end()
    return found


def _vendors(bits: Bits) -> Vendors:
    highest = bits.take(16)
    if bits.take(1):
        return Vendors(highest, ranges=_ranges(bits, highest))
    return Vendors(highest, mask=bits.take(highest))


def _ranges(bits: Bits, highest: int) -> tuple[tuple[int, int], ...]:
    ranges = []
    before = 0
    for _ in range(bits.take(12)):
        is_range, first = bits.take(1), bits.take(16)
        last = bits.take(16) if is_range else first
        if not before < first <= last <= highest:
            raise TcInvalid(Flaw.RANGES)
        ranges.append((first, last))
        before = last
    return tuple(ranges)


def _restriction(bits: Bits) -> Restriction:
    purpose, kind = bits.take(6), bits.take(2)
    if not 1 <= purpose <= PURPOSES or kind > REQUIRE_LEGITIMATE_INTEREST:
        raise TcInvalid(Flaw.RESTRICTION)
    ranges = _ranges(bits, _HIGHEST_VENDOR)
    return Restriction(purpose, kind, Vendors(_HIGHEST_VENDOR, ranges=ranges))


def _publisher(bits: Bits) -> PublisherTc:
    consents, interests = bits.numbers(PURPOSES), bits.numbers(PURPOSES)
    custom = bits.take(6)
    return PublisherTc(consents, interests, bits.numbers(custom), bits.numbers(custom))
