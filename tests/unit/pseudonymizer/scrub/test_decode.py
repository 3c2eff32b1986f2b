"""An identifier is seen through the wrappings it travels in, two at a time."""

from __future__ import annotations

import base64
import html
import itertools
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
             "5+5", "chaussures-de-randonnee-homme", "550e8400-e29b-41d4-a716-446655440000"]
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
