"""A TC string is read to its last bit and believed on terms; a wrong one grants nothing."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent import tcf
from gateway.consent.tcf import (
    MAX_CHARACTERS,
    Flaw,
    Restriction,
    TcInvalid,
    TcString,
    Terms,
    Vendors,
    believed,
    decode,
    granted,
    opted_in,
)
from gateway.consent.tcf.bits import PADDING
from gateway.consent.tcf.parts import (
    NOT_ALLOWED,
    REQUIRE_CONSENT,
    REQUIRE_LEGITIMATE_INTEREST,
)
from tests.support.tc_strings import bits_of, characters, encoded, number, tc_strings

# From the specification; of the old policy version, so that it can be read and not be believed.
SAMPLE = "CQSbk4AQSbk4ANwAAAENAwCgAAAAAAAAAAYgACPAAAAA.IDKQA4AAgAKAGQAygAAA.YAAAAAAAAAAA"
OURS, ANOTHER = 7, 9
DAY = 864_000


def tenths(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 10


NOW = tenths(2026, 6, 18) + 400_000
SOUND = TcString(
    created=tenths(2026, 6, 1), updated=tenths(2026, 6, 1), cmp=880, cmp_version=1, screen=2,
    language="FR", vendor_list=120, policy=5, service_specific=True, other_texts=False,
    special_features=frozenset({1}), purposes=frozenset({1, 3, 4, 9}),
    legitimate_interests=frozenset({2, 7}), purpose_one_undisclosed=False, country="FR",
    vendors=Vendors(10, mask=0b0000001010), vendors_legitimate_interest=Vendors(0),
    disclosed=Vendors(9, ranges=((7, 9),)),
)  # fmt: skip
TERMS = Terms(NOW, vendor=OURS)


def flaw_of(text: str) -> Flaw | None:
    try:
        decode(text)
    except TcInvalid as invalid:
        return invalid.flaw
    return None


def disbelief(tc: TcString, terms: Terms = TERMS) -> Flaw | None:
    try:
        believed(tc, terms)
    except TcInvalid as invalid:
        return invalid.flaw
    return None


def core(bits: str) -> str:
    return characters(bits)


def test_the_sample_of_the_specification_is_read() -> None:
    tc = decode(SAMPLE)
    assert (tc.cmp, tc.vendor_list, tc.policy, tc.language, tc.country) == (880, 48, 2, "EN", "DE")
    assert tc.created == tc.updated == tenths(2025, 6, 3)
    assert list(tc.vendors) == [1, 2, 3, 4]
    assert tc.disclosed is not None
    assert list(tc.disclosed) == [1, 2, 3, 4, 5, 100, 404]
    assert tc.publisher is not None
    assert disbelief(tc, Terms(tc.created)) is Flaw.POLICY_VERSION


@given(tc_strings)
def test_what_was_written_is_read(tc: TcString) -> None:
    found = decode(encoded(tc))
    assert found == tc
    for ours, theirs in ((found.vendors, tc.vendors), (found.disclosed, tc.disclosed)):
        if ours is not None and theirs is not None:
            listed = list(theirs)
            assert listed == sorted(listed) == list(ours)
            assert all(each in ours for each in listed[:50])
            assert not any(each in ours for each in range(-1, 200) if each not in set(listed))


@given(tc_strings, st.data())
def test_no_bit_is_without_meaning(tc: TcString, data: st.DataObject) -> None:
    """What is read of a changed string is what stands there: written again it is the same."""
    segments = encoded(tc).split(".")
    place = data.draw(st.integers(0, len(segments) - 1))
    bits = bits_of(segments[place])
    at = data.draw(st.integers(0, len(bits) - 1))
    changed = bits[:at] + "10"[int(bits[at])] + bits[at + 1 :]
    segments[place] = characters(changed)
    text = ".".join(segments)
    try:
        found = decode(text)
    except TcInvalid:
        return
    if found.publisher is not None and found.publisher != tc.publisher:
        # How many purposes a publisher has of their own is not kept, if the last say nothing.
        return
    assert [bits_of(each).rstrip("0") for each in sorted(encoded(found).split("."))] == [
        bits_of(each).rstrip("0") for each in sorted(segments)
    ]


@given(tc_strings, st.data())
def test_what_is_cut_off_is_refused(tc: TcString, data: st.DataObject) -> None:
    segment = encoded(replace(tc, disclosed=None, publisher=None))
    read = len(bits_of(segment)) - PADDING  # as many at least have a meaning
    kept = data.draw(st.integers(0, max(0, read // 6 - 4)))
    assert flaw_of(segment[:kept]) in {Flaw.ALPHABET, Flaw.TRUNCATED, Flaw.VERSION}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    assert flaw_of(text) is not None


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", Flaw.ALPHABET),
        (".", Flaw.ALPHABET),
        (encoded(SOUND) + ".", Flaw.ALPHABET),
        (encoded(SOUND) + "=", Flaw.ALPHABET),
        (encoded(SOUND).replace("C", "Ç", 1), Flaw.ALPHABET),
        (encoded(SOUND) + "\n", Flaw.ALPHABET),
        ("C" * 5, Flaw.ALPHABET),
        ("C" * (MAX_CHARACTERS + 1), Flaw.TOO_LONG),
        ("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA", Flaw.VERSION),
        ("C", Flaw.ALPHABET),
        ("CQSb", Flaw.TRUNCATED),
        (encoded(SOUND) + ".YAAAAAAAAAAA.YAAAAAAAAAAA", Flaw.SEGMENT),
        (encoded(SOUND) + "." + encoded(SOUND).split(".")[1], Flaw.SEGMENT),
        (encoded(SOUND) + ".QAAA", Flaw.SEGMENT),
        (encoded(SOUND).replace(".", "AAAA."), Flaw.TRAILING),
        (encoded(SOUND) + "B", Flaw.ALPHABET),
        (encoded(SOUND)[:-1] + "B", Flaw.TRAILING),
    ],
)
def test_a_text_that_is_not_one_says_why(text: str, flaw: Flaw) -> None:
    assert flaw_of(text) is flaw


@pytest.mark.parametrize("letters", [(26, 0), (0, 26), (63, 63)])
def test_letters_are_letters(letters: tuple[int, int]) -> None:
    bits = bits_of(encoded(SOUND).split(".")[0])
    for at in (108, 201):
        put = number(letters[0], 6) + number(letters[1], 6)
        assert flaw_of(core(bits[:at] + put + bits[at + 12 :])) is Flaw.LETTERS


@pytest.mark.parametrize(
    "ranges",
    [((0, 3),), ((5, 4),), ((3, 5), (5, 8)), ((7, 8), (1, 2)), ((1, 11),), ((4, 4), (4, 4))],
)
def test_ranges_ascend_and_end_before_the_highest(ranges: tuple[tuple[int, int], ...]) -> None:
    assert flaw_of(encoded(replace(SOUND, vendors=Vendors(10, ranges=ranges)))) is Flaw.RANGES


def test_a_list_that_says_it_is_long_costs_no_more_than_its_characters() -> None:
    head = bits_of(encoded(SOUND).split(".")[0])[:213]
    many = head + number(65_535, 16) + "1" + "1" * 12
    entries = "".join("0" + number(each, 16) for each in range(1, 500))
    assert flaw_of(core(many + entries)) in {Flaw.TRUNCATED, Flaw.RANGES}
    whole = head + number(65_535, 16) + "1" + number(1, 12) + "1" + number(1, 16) + "1" * 16
    tc = decode(core(whole + number(0, 17) + number(0, 12)))
    assert tc.vendors.ranges == ((1, 65_535),)
    assert 40_000 in tc.vendors


@pytest.mark.parametrize(("purpose", "kind"), [(0, 0), (25, 0), (63, 1), (1, 3)])
def test_a_restriction_of_no_purpose_or_type_is_refused(purpose: int, kind: int) -> None:
    tc = replace(SOUND, restrictions=(Restriction(purpose, kind, Vendors(9, ranges=())),))
    assert flaw_of(encoded(tc)) is Flaw.RESTRICTION


def test_a_refusal_shows_nothing_of_the_string() -> None:
    with pytest.raises(TcInvalid) as caught:
        decode("CQSbk4AQSbk4")
    assert str(caught.value) == "truncated"


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({}, None),
        ({"policy": 4}, None),
        ({"policy": 3}, Flaw.POLICY_VERSION),
        ({"service_specific": False}, Flaw.NOT_SERVICE_SPECIFIC),
        ({"updated": SOUND.created + 1}, Flaw.DATES_DIFFER),
        ({"created": NOW + 3_001, "updated": NOW + 3_001}, Flaw.FROM_THE_FUTURE),
        ({"created": NOW + 3_000, "updated": NOW + 3_000}, None),
        ({"created": NOW - 393 * DAY, "updated": NOW - 393 * DAY}, None),
        ({"created": NOW - 393 * DAY - 1, "updated": NOW - 393 * DAY - 1}, Flaw.EXPIRED),
        *(
            ({"legitimate_interests": frozenset({purpose})}, Flaw.LEGITIMATE_INTEREST)
            for purpose in (3, 4, 5, 6)
        ),
        ({"disclosed": None}, Flaw.NOT_DISCLOSED),
        ({"disclosed": Vendors(9, ranges=((8, 9),))}, Flaw.NOT_DISCLOSED),
        (
            {"disclosed": None, "created": tenths(2026, 2, 27), "updated": tenths(2026, 2, 27)},
            None,
        ),
        (
            {"disclosed": None, "created": tenths(2026, 2, 28), "updated": tenths(2026, 2, 28)},
            Flaw.NOT_DISCLOSED,
        ),
    ],
)
def test_what_a_believed_string_must_be(changes: dict[str, object], flaw: Flaw | None) -> None:
    assert disbelief(replace(SOUND, **changes)) is flaw  # type: ignore[arg-type]  # of any field


def test_terms_can_only_be_stricter_than_the_framework() -> None:
    assert disbelief(SOUND, replace(TERMS, least_policy=6)) is Flaw.POLICY_VERSION
    assert (
        disbelief(replace(SOUND, policy=3), replace(TERMS, least_policy=0)) is Flaw.POLICY_VERSION
    )
    assert disbelief(SOUND, replace(TERMS, oldest=16 * DAY)) is Flaw.EXPIRED
    old = replace(SOUND, created=NOW - 400 * DAY, updated=NOW - 400 * DAY)
    assert disbelief(old, replace(TERMS, oldest=999 * DAY)) is Flaw.EXPIRED
    assert disbelief(SOUND, replace(TERMS, notice_since=SOUND.created + 1)) is Flaw.BEFORE_NOTICE
    assert disbelief(SOUND, replace(TERMS, vendor=None)) is None


def test_a_grant_takes_the_purpose_and_the_vendor() -> None:
    assert granted(SOUND, vendor=OURS) == {1, 3, 4, 9}
    assert opted_in(SOUND, vendor=OURS) == {1}
    for nobody in (8, 11, 0, -1):
        assert granted(SOUND, vendor=nobody) == opted_in(SOUND, vendor=nobody) == frozenset()
    assert granted(replace(SOUND, purposes=frozenset()), vendor=OURS) == frozenset()


def test_a_legitimate_interest_grants_nothing() -> None:
    tc = replace(SOUND, vendors=Vendors(0), vendors_legitimate_interest=SOUND.vendors)
    assert granted(tc, vendor=OURS) == frozenset()


@pytest.mark.parametrize(
    ("kinds", "left"),
    [
        ({REQUIRE_CONSENT}, {1, 3, 4, 9}),
        ({NOT_ALLOWED}, {1, 4, 9}),
        ({REQUIRE_LEGITIMATE_INTEREST}, {1, 4, 9}),
        ({REQUIRE_CONSENT, NOT_ALLOWED}, {1, 4, 9}),
        ({REQUIRE_CONSENT, REQUIRE_LEGITIMATE_INTEREST}, {1, 4, 9}),
    ],
)
def test_of_what_a_publisher_says_the_most_restrictive_counts(
    kinds: set[int], left: set[int]
) -> None:
    both = tuple(Restriction(3, kind, Vendors(9, ranges=((7, 7),))) for kind in sorted(kinds))
    tc = decode(encoded(replace(SOUND, restrictions=both)))
    assert granted(tc, vendor=OURS) == left
    assert granted(tc, vendor=ANOTHER) == {1, 3, 4, 9}


def test_purpose_one_is_not_granted_where_it_was_not_disclosed() -> None:
    assert granted(replace(SOUND, purpose_one_undisclosed=True), vendor=OURS) == {3, 4, 9}


def test_it_can_be_taken_out_whole() -> None:
    folder = Path(tcf.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                ours = str(name).startswith("gateway.consent.tcf")
                assert ours or str(name).partition(".")[0] in sys.stdlib_module_names, name


def test_every_flaw_is_on_the_page_about_it() -> None:
    page = (Path(__file__).parents[4] / "docs/tcf.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [*Flaw]
