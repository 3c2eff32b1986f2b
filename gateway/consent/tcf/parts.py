"""What a TC string holds, as it was read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

PURPOSES: Final = 24
SPECIAL_FEATURES: Final = 12

# How a publisher restricts a purpose for vendors.
NOT_ALLOWED: Final = 0
REQUIRE_CONSENT: Final = 1
REQUIRE_LEGITIMATE_INTEREST: Final = 2


@dataclass(frozen=True, slots=True)
class Vendors:
    """A set of vendor numbers, as a bit field or as ranges: it is never written out.

    Attributes:
        highest: the number of the last vendor it speaks of.
        mask: the bit field, vendor 1 first; 0 where ranges stand.
        ranges: first and last of each, ascending; ``None`` where a bit field stands.
    """

    highest: int
    mask: int = 0
    ranges: Sequence[tuple[int, int]] | None = None

    def __contains__(self, vendor: object) -> bool:
        if not isinstance(vendor, int) or not 1 <= vendor <= self.highest:
            return False
        if self.ranges is None:
            return bool(self.mask >> (self.highest - vendor) & 1)
        place = bisect_right(self.ranges, (vendor, self.highest))
        return place > 0 and vendor <= self.ranges[place - 1][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges or ():
            yield from range(first, last + 1)
        mask = self.mask
        while mask:  # the highest bit left is the lowest vendor left
            place = mask.bit_length() - 1
            yield self.highest - place
            mask ^= 1 << place


@dataclass(frozen=True, slots=True)
class Restriction:
    """What the publisher lets vendors do for a purpose."""

    purpose: int
    type: int
    vendors: Vendors


@dataclass(frozen=True, slots=True)
class PublisherTc:
    """Purposes of the publisher's own, the standard ones and custom ones, by number."""

    consents: frozenset[int]
    legitimate_interests: frozenset[int]
    custom_consents: frozenset[int]
    custom_legitimate_interests: frozenset[int]


@dataclass(frozen=True, slots=True)
class TcString:
    """A TC string whose structure is sound; whether it may be believed is another question.

    Attributes:
        created, updated: tenths of a second since 1970.
        language, country: two capital letters.
        purposes, legitimate_interests, special_features: by number, from 1.
        disclosed: vendors that were shown; ``None`` without that segment.
    """

    created: int
    updated: int
    cmp: int
    cmp_version: int
    screen: int
    language: str
    vendor_list: int
    policy: int
    service_specific: bool
    other_texts: bool
    special_features: frozenset[int]
    purposes: frozenset[int]
    legitimate_interests: frozenset[int]
    purpose_one_undisclosed: bool
    country: str
    vendors: Vendors
    vendors_legitimate_interest: Vendors
    restrictions: Sequence[Restriction] = ()
    disclosed: Vendors | None = field(default=None)
    publisher: PublisherTc | None = field(default=None)
