"""An identifier is seen through the wrappings it travels in, two at a time."""

from __future__ import annotations

import base64
import html
import itertools
import re
from collections.abc import Callable
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pseudonymizer.scrub.decode import TooManyReadings, readings
from pseudonymizer.scrub.engine import Scrubber

CANARIES = {
    "ada.lovelace@example.org": "EMAIL_ADDRESS",
    "a@b.fr": "EMAIL_ADDRESS",
    "06 12 34 56 78": "PHONE_NUMBER",
    "+33612345678": "PHONE_NUMBER",
    "192.0.2.17": "IP_ADDRESS",
    "FR7630006000011234567890189": "IBAN_CODE",
}
WRAPPINGS: dict[str, Callable[[str], str]] = {
    "clear": lambda text: text,
    "upper case": str.upper,
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "URL": lambda text: quote(text, safe=""),
    "form": lambda text: quote(text, safe="").replace("%20", "+"),
    "entities": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "hex entities": lambda text: "".join(f"&#x{ord(character):x};" for character in text),
    "named entities": lambda text: html.escape(text).replace("@", "&commat;"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 inside": lambda text: base64.b64encode(f"qui={text};x".encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "unicode escape": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "byte escape": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "full width": lambda text: "".join(
        chr(ord(character) + 0xFEE0) if " " < character < "\x7f" else character
        for character in text
    ),
    "zero width": "\u200b".join,
    "soft hyphen": "\u00ad".join,
}
UNDONE_BY_CASE = {"base64", "base64 inside", "base64url"}  # upper case destroys what they say


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("canary", CANARIES)
def test_an_identifier_is_seen_through_a_wrapping(
    canary: str, wrapping: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    text = f"vu {WRAPPINGS[wrapping](canary)} ici"
    assert CANARIES[canary] in scrubber.kinds_in(text)
    assert scrubber.scrub(text) == plain_scrubber.scrub(text)


def in_pieces(text: str, size: int, gap: str) -> str:
    return gap.join(text[place : place + size] for place in range(0, len(text), size))


BROKEN: dict[str, Callable[[str], str]] = {
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "signs quoted": lambda text: re.sub("[@+. ]", lambda sign: f"={ord(sign[0]):02X}", text),
    "soft line breaks": lambda text: in_pieces(text, 3, "=\r\n"),
    "header": lambda text: f"=?utf-8?q?{text.replace('@', '=40').replace(' ', '_')}?=",
    "header in base64": lambda text: " ".join(
        f"=?UTF-8?B?{base64.b64encode(part.encode()).decode()}?=" for part in (text[:3], text[3:])
    ),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "CSS": lambda text: "".join(f"\\{ord(each):x} " for each in text),
    "CSS, six digits": lambda text: "".join(f"\\{ord(each):06x}" for each in text),
    "backslash": lambda text: re.sub(r"([^\w\s])", r"\\\1", text).replace(" ", "\\-"),
    "UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "UTF-16, big end first": lambda text: base64.b64encode(text.encode("utf-16-be")).decode(),
    "UTF-16 with its mark": lambda text: base64.b64encode(text.encode("utf-16")).decode(),
    "base64 in lines": lambda text: in_pieces(base64.b64encode(text.encode()).decode(), 8, "\r\n"),
    "base64 with blanks": lambda text: in_pieces(base64.b64encode(text.encode()).decode(), 3, " "),
    "hex with blanks": lambda text: text.encode().hex(" "),
    "hex with colons": lambda text: text.encode().hex(":"),
    "0x": lambda text: " ".join(f"0x{byte:02x}" for byte in text.encode()),
    "0x, commas": lambda text: ", ".join(f"0x{byte:02X}" for byte in text.encode()),
    "0x once": lambda text: "0x" + text.encode().hex(),
}


@pytest.mark.parametrize("wrapping", BROKEN)
@pytest.mark.parametrize("canary", [each for each in CANARIES if len(each) > 6])
def test_an_identifier_is_seen_through_escapes_and_breaks(
    canary: str, wrapping: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    for text in (BROKEN[wrapping](canary), f"vu {BROKEN[wrapping](canary)} ici"):
        assert CANARIES[canary] in scrubber.kinds_in(text)
        assert scrubber.scrub(text) == plain_scrubber.scrub(text)


@pytest.mark.parametrize(
    "text", ["ada=40example.org", "=?utf-8?q?ada=40example.org?=", r"ada\@example.org",
             r"ada\40 example.org", r"\101da\100example.org", "ada=40exam=\nple.org"]
)  # fmt: skip
def test_one_sign_is_enough(text: str, scrubber: Scrubber, plain_scrubber: Scrubber) -> None:
    assert scrubber.scrub(text).text == plain_scrubber.scrub(text).text == "<EMAIL_ADDRESS>"


@pytest.mark.parametrize(
    "text", ["ada(at)example.org", "ada [at] example [dot] org", "ada @ example.org",
             "ADA (AROBASE) EXAMPLE (POINT) ORG", "ada@ example.org", "ada{at}example.org",
             "ada[@]example[.]org", "ada(at)example%2Eorg", "ada at example dot org",
             "ada arobase example point org", "Ada Arrobase example.org",
             "ada at mail.example dot org",
             "ada at mail dot example dot org", "ada arobase courriel point example point fr"]
)  # fmt: skip
def test_an_address_taken_apart_for_robots_is_seen(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text).text == plain_scrubber.scrub(text).text == "<EMAIL_ADDRESS>"


@pytest.mark.parametrize(
    "text", ["meet at example.org", "seen at dusk, polka dot dress", "open at 9, point final",
             "point at dot", "look at red polka dot dress", "tapez arobase ou dièse",
             "Not available at this point in time", "cancel at any point in the process",
             "Price at this point is final", "Look at polka dot shoes",
             "Sale at Polka Dot Boutique",
             "available at the point of sale", "touche arobase et point final",
             "Mug arobase noir point rouge", "bought at match point it was"]
)  # fmt: skip
def test_words_that_only_look_like_a_spelled_address_stay(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text) == plain_scrubber.scrub(text) == (text, ())


@pytest.mark.parametrize(("inner", "outer"), list(itertools.product(WRAPPINGS, repeat=2)))
def test_an_address_is_seen_through_two_wrappings(
    inner: str, outer: str, scrubber: Scrubber
) -> None:
    if inner in UNDONE_BY_CASE and outer == "upper case":
        pytest.skip("nothing is left to see")
    wrapped = WRAPPINGS[outer](WRAPPINGS[inner]("ada@example.org"))
    assert scrubber.kinds_in(wrapped)
    assert "ada" not in scrubber.scrub(wrapped).text.lower()


@pytest.mark.parametrize(
    "wrapping", [name for name in WRAPPINGS if name not in {"clear", "upper case"}]
)
def test_a_text_with_a_hidden_identifier_goes_as_a_whole(wrapping: str, scrubber: Scrubber) -> None:
    text = f"pour {WRAPPINGS[wrapping]('ada@example.org')} merci"
    assert scrubber.scrub(text).text == "<EMAIL_ADDRESS>"


def test_an_encoded_neighbour_does_not_hide_what_is_in_clear(scrubber: Scrubber) -> None:
    assert scrubber.scrub("20%25 pour ada@example.org").text == "20%25 pour <EMAIL_ADDRESS>"


@pytest.mark.parametrize(
    "text", ["100%25 coton", "R&amp;D", "Ventes &eacute;t&eacute;", "C:\\\\users", "cafe\u0301",
             "5+5", "chaussures-de-randonnee-homme", "tailles 30 31 32 33 34 35 36 37 38 39 40",
             "?size=42&lot=3",
             "36 38 40 42 44 46", "a=b=c", "2 @ 15 €", "robe (at home) [dot]",
             r"C:\data\40", r"\d+\.\d{2}",
             "ROBE LONGUE EN SOIE BLEU CIEL",
             "550e8400-e29b-41d4-a716-446655440000"]
)  # fmt: skip
def test_a_wrapped_text_about_nobody_stays_as_it_is(text: str, scrubber: Scrubber) -> None:
    assert scrubber.scrub(text) == (text, ())


def test_a_text_wrapped_too_deeply_is_dropped(scrubber: Scrubber) -> None:
    wrapped = "ada@example.org"
    for _ in range(8):
        wrapped = quote(wrapped, safe="")
    with pytest.raises(TooManyReadings):
        readings(wrapped)
    assert scrubber.scrub(wrapped).text == "<UNREADABLE>"


@given(text=st.text(max_size=120))
def test_reading_any_text_ends(text: str) -> None:
    try:
        others = readings(text)
    except TooManyReadings:
        return
    assert text not in others


@given(
    text=st.text("=?bqQ_0x4 1\\6\r\n\tUTF-8aYAvg/+@.,\U000e0061\u2776\u0301\u0660", max_size=120)
)
def test_reading_a_text_of_nothing_but_signs_ends(text: str) -> None:
    try:
        others = readings(text)
    except TooManyReadings:
        return
    assert text not in others
