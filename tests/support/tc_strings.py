"""Writes TC strings, sound ones and others: what the decoder is held against."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from gateway.consent.tcf import PublisherTc, Restriction, TcString, Vendors
from gateway.consent.tcf.parts import PURPOSES, SPECIAL_FEATURES

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HIGHEST = 2**16 - 1


def encoded(tc: TcString) -> str:
    """Write *tc*, each set of vendors in the form it has."""
    segments = [_core(tc)]
    if tc.disclosed is not None:
        segments.append(number(1, 3) + _vendors(tc.disclosed))
    if tc.publisher is not None:
        segments.append(number(3, 3) + _publisher(tc.publisher))
    return ".".join(map(characters, segments))


def characters(bits: str) -> str:
    """Write *bits* as base64url, filled up to whole bytes and characters."""
    bits += "0" * (-len(bits) % 24)
    return "".join(ALPHABET[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def bits_of(segment: str) -> str:
    """Give the bits of a segment, its filling too."""
    return "".join(number(ALPHABET.index(each), 6) for each in segment)


def number(value: int, width: int) -> str:
    return f"{value:0{width}b}" if width else ""


def _core(tc: TcString) -> str:
    return "".join(
        (
            number(2, 6),
            number(tc.created, 36),
            number(tc.updated, 36),
            number(tc.cmp, 12),
            number(tc.cmp_version, 12),
            number(tc.screen, 6),
            _letters(tc.language),
            number(tc.vendor_list, 12),
            number(tc.policy, 6),
            number(tc.service_specific, 1),
            number(tc.other_texts, 1),
            _set(tc.special_features, SPECIAL_FEATURES),
            _set(tc.purposes, PURPOSES),
            _set(tc.legitimate_interests, PURPOSES),
            number(tc.purpose_one_undisclosed, 1),
            _letters(tc.country),
            _vendors(tc.vendors),
            _vendors(tc.vendors_legitimate_interest),
            number(len(tc.restrictions), 12),
            *(
                number(each.purpose, 6) + number(each.type, 2) + _ranges(each.vendors)
                for each in tc.restrictions
            ),
        )
    )


def _publisher(tc: PublisherTc) -> str:
    custom = max((*tc.custom_consents, *tc.custom_legitimate_interests, 0))
    return (
        _set(tc.consents, PURPOSES)
        + _set(tc.legitimate_interests, PURPOSES)
        + number(custom, 6)
        + _set(tc.custom_consents, custom)
        + _set(tc.custom_legitimate_interests, custom)
    )


def _letters(text: str) -> str:
    return "".join(number(ord(each) - 65, 6) for each in text)


def _set(numbers: Iterable[int], width: int) -> str:
    return number(sum(1 << (width - each) for each in numbers), width)


def _vendors(vendors: Vendors) -> str:
    head = number(vendors.highest, 16)
    if vendors.ranges is not None:
        return head + "1" + _ranges(vendors)
    return head + "0" + number(vendors.mask, vendors.highest)


def _ranges(vendors: Vendors) -> str:
    ranges = vendors.ranges or ()
    return number(len(ranges), 12) + "".join(
        number(0, 1) + number(first, 16)
        if first == last
        else number(1, 1) + number(first, 16) + number(last, 16)
        for first, last in ranges
    )


def _pairs(numbers: list[int]) -> list[tuple[int, int]]:
    """Make ascending ranges that do not meet of ascending numbers."""
    return [(numbers[at], numbers[at + 1]) for at in range(0, len(numbers) - 1, 2)]


_ascending = st.lists(st.integers(1, HIGHEST), unique=True, max_size=16).map(sorted)
ranges = st.builds(lambda wide, one: _joined(_pairs(wide), one), _ascending, _ascending)


def _joined(wide: list[tuple[int, int]], single: list[int]) -> tuple[tuple[int, int], ...]:
    free = [at for at in single if not any(first <= at <= last for first, last in wide)]
    return tuple(sorted([*wide, *((at, at) for at in free)]))


vendors = st.one_of(
    ranges.map(lambda found: Vendors(found[-1][1] if found else 0, ranges=found)),
    st.integers(0, 800).flatmap(
        lambda highest: st.integers(0, 2**highest - 1).map(lambda mask: Vendors(highest, mask=mask))
    ),
)


def numbers(most: int) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.integers(1, most)) if most else st.just(frozenset())


letters = st.text(ALPHABET[:26], min_size=2, max_size=2)
publishers = st.integers(0, 63).flatmap(
    lambda custom: st.builds(
        PublisherTc, numbers(PURPOSES), numbers(PURPOSES), numbers(custom), numbers(custom)
    )
)
tc_strings = st.builds(
    TcString,
    created=st.integers(0, 2**36 - 1),
    updated=st.integers(0, 2**36 - 1),
    cmp=st.integers(0, 4095),
    cmp_version=st.integers(0, 4095),
    screen=st.integers(0, 63),
    language=letters,
    vendor_list=st.integers(0, 4095),
    policy=st.integers(0, 63),
    service_specific=st.booleans(),
    other_texts=st.booleans(),
    special_features=numbers(SPECIAL_FEATURES),
    purposes=numbers(PURPOSES),
    legitimate_interests=numbers(PURPOSES),
    purpose_one_undisclosed=st.booleans(),
    country=letters,
    vendors=vendors,
    vendors_legitimate_interest=vendors,
    restrictions=st.lists(
        st.builds(
            Restriction,
            st.integers(1, PURPOSES),
            st.integers(0, 2),
            ranges.map(lambda found: Vendors(HIGHEST, ranges=found)),
        ),
        max_size=4,
    ).map(tuple),
    disclosed=st.none() | vendors,
    publisher=st.none() | publishers,
)
