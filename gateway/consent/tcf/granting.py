"""What does a believed TC string grant to one vendor, on the basis of consent?

Legitimate interests grant nothing here: whoever asks for consent does not fall back on another
basis when it is refused.
"""

from __future__ import annotations

from gateway.consent.tcf.parts import NOT_ALLOWED, REQUIRE_LEGITIMATE_INTEREST, TcString


def granted(tc: TcString, *, vendor: int) -> frozenset[int]:
    """Give the purposes consented to for *vendor*, by number.

    That takes the purpose's bit and the vendor's bit, and a publisher who neither forbids the
    purpose to the vendor nor wants it to rest on a legitimate interest.  Purpose 1 is not granted
    where it was not disclosed.
    """
    if vendor not in tc.vendors:
        return frozenset()
    barred = {
        each.purpose
        for each in tc.restrictions
        if each.type in {NOT_ALLOWED, REQUIRE_LEGITIMATE_INTEREST} and vendor in each.vendors
    }
    if tc.purpose_one_undisclosed:
        barred.add(1)
    return tc.purposes - barred


def opted_in(tc: TcString, *, vendor: int) -> frozenset[int]:
    """Give the special features opted in to; none for a vendor who has no consent."""
    return tc.special_features if vendor in tc.vendors else frozenset()
