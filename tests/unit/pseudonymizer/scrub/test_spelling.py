"""Signs that nobody sees, and digits that are none, hide nobody."""

from __future__ import annotations

import itertools
import sys
import unicodedata

import pytest

from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.spelling import compatible, is_plain, tags

PHONE = "06 12 34 56 78"
UNSEEN = {
    "long stroke overlay": "\u0336", "enclosing keycap": "\u20e3", "enclosing circle": "\u20dd",
    "variation selector": "\ufe0f", "another selector": "\U000e0101", "blank of braille": "\u2800",
    "escape": "\x1b", "unit separator": "\x1f", "delete": "\x7f", "start of heading": "\x01",
    "control of Latin-1": "\x9f", "musical format": "\U0001d173", "word joiner": "\u2060",
}  # fmt: skip
ZEROS = {
    "Arabic-Indic": 0x660, "Persian": 0x6F0, "Devanagari": 0x966, "mathematical": 0x1D7CE,
}  # fmt: skip
DIGITS = {
    "black circles": "\u24ff\u2776\u2777\u2778\u2779\u277a\u277b\u277c\u277d\u277e",
    "circles": "\U0001f10b\u2780\u2781\u2782\u2783\u2784\u2785\u2786\u2787\u2788",
    "in brackets": "\u24ea\u2474\u2475\u2476\u2477\u2478\u2479\u247a\u247b\u247c",
    **{name: "".join(map(chr, range(zero, zero + 10))) for name, zero in ZEROS.items()},
}  # fmt: skip


# A bar that is no combining mark beside "<", and one that later Unicode counts as a spacing mark.
NOT_ALONE = "\t\n\r\u0338\U0001171e"


def tagged(text: str) -> str:
    return "".join(chr(0xE0000 + ord(each)) for each in text)


@pytest.mark.parametrize("sign", UNSEEN.values(), ids=UNSEEN.keys())
@pytest.mark.parametrize(
    ("value", "kind"), [("ada@example.org", "EMAIL_ADDRESS"), (PHONE, "PHONE_NUMBER")]
)
def test_a_sign_that_is_not_drawn_hides_nobody(
    sign: str, value: str, kind: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    for text in (sign.join(value), value[:2] + sign + value[2:]):
        assert kind in scrubber.kinds_in(f"vu {text} ici")
        assert kind in plain_scrubber.kinds_in(f"vu {text} ici")


@pytest.mark.parametrize("digits", DIGITS.values(), ids=DIGITS.keys())
@pytest.mark.parametrize(
    ("value", "kind"),
    [(PHONE, "PHONE_NUMBER"), ("4111 1111 1111 1111", "CREDIT_CARD"), ("192.0.2.17", "IP_ADDRESS")],
)
def test_digits_of_any_form_are_digits(
    digits: str, value: str, kind: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    text = value.translate({ord("0") + place: digit for place, digit in enumerate(digits)})
    assert kind in scrubber.kinds_in(text)
    assert kind in plain_scrubber.kinds_in(text)


@pytest.mark.parametrize(
    "text",
    [
        f"robe{tagged('ada@example.org')} longue",
        tagged("ada@example.org"),
        f"robe{tagged('06 12 34')}longue{tagged(' 56 78')}",
        "".join(map("".join, zip("ada@example.org", tagged("abcdefghijklmno"), strict=True))),
        PHONE[:4] + tagged("x") + PHONE[4:],
    ],
)
def test_tags_are_read_and_are_read_over(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.kinds_in(text)
    assert scrubber.scrub(text) == plain_scrubber.scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "Été à Noël, 20 % \u2013 « œuvre » 49,90 €\n",
        "a\tb\r\nc",
        "Łódź",
        "東京",
        "Ω",
        "\U0001f642",
    ],
)
def test_a_text_as_people_write_it_is_plain(text: str) -> None:
    assert is_plain(text)
    assert compatible(text) == tags(text) == text


def test_every_character_that_is_not_plain_is_respelled() -> None:
    for point in itertools.chain(range(0xD800), range(0xE000, sys.maxunicode + 1)):
        each = chr(point)
        text = f"<{each}>"
        left = compatible(text)
        assert left == text or not is_plain(text), hex(point)
        category = unicodedata.category(each)
        if category in {"Mn", "Me", "Cf", "Cc"} and each not in NOT_ALONE:
            assert left in {"<>", "< >"} or unicodedata.normalize("NFKC", each) != each, hex(point)
        if (digit := unicodedata.digit(each, None)) is not None:
            assert left == f"<{digit}>", hex(point)
