"""An event says itself by which names its sender goes; none of them gets past."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from pseudonymizer.scrub.decode import hides_text
from pseudonymizer.scrub.own import names_one, own_names

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
ADA = own_names(["Ada Lovelace", "cust-1815-ll", "Lovelace", "Hélène"])


@pytest.mark.parametrize(
    "text",
    [
        "Ada Lovelace",
        "liste-de-ada-lovelace",
        "ADALOVELACE2024",
        "pour Cust_1815_LL",
        "la Lovelace's list",
        "lovelace2",
        "hélène & co",
        "HELENE",
        "ADA LOVELACE".translate(FULL_WIDTH),
        "A\u200bda Lovel\u00adace",
    ],
)
def test_a_name_is_met_however_it_is_spelled(text: str) -> None:
    assert names_one(ADA, text)


@pytest.mark.parametrize("text", ["Ada", "love lace", "lovelacette", "cust-1816-ll", "robes", ""])
def test_what_only_resembles_a_name_is_left_alone(text: str) -> None:
    assert not names_one(ADA, text)


def test_names_too_short_to_tell_are_not_looked_for() -> None:
    assert own_names(["42", "Al", "4821", "a-b-c", ""]) == ()
    assert not names_one((), "anything")


def test_each_word_of_a_name_counts_by_itself_and_has_to_stand_as_a_word() -> None:
    own = own_names(["Ludwig van Beethoven", "Luc"])
    for text in ("BEETHOVEN Ludwig", "cadeau pour beethoven", "de la part de Luc", "luc_2"):
        assert names_one(own, text)
    for text in ("van Gogh", "lucarne", "beethovenienne", "12 rue Lud"):
        assert not names_one(own, text)
    assert own_names(["12 rue du Moulin"]) == ("12ruedumoulin",), "no name"


@pytest.mark.parametrize(
    "text", ["0199001815", "+33 1 99 00 18 15", "33.1.99.00.18.15", "199001815"]
)
def test_a_telephone_number_is_one_however_it_begins(text: str) -> None:
    assert names_one(own_names(["+33 1 99 00 18 15"]), text)


@pytest.mark.parametrize(
    "text",
    [
        quote(quote("cust-1815-ll", safe="")).replace("-", "%2D"),
        base64.b64encode(b"cust-1815-ll").decode(),
        b"cust-1815-ll".hex(),
        "&#99;ust-1815-ll",
    ],
)
def test_a_name_that_is_wrapped_is_met_once_it_is_unwrapped(text: str) -> None:
    assert names_one(ADA, text, wrapped=True)


def test_a_text_wrapped_too_deeply_is_taken_to_hold_a_name() -> None:
    text = "x"
    for _ in range(9):
        text = base64.b64encode(f"%25{text}".encode()).decode()
    assert names_one(ADA, text, wrapped=True)


@pytest.mark.parametrize(
    ("text", "hides"),
    [
        (base64.b64encode(b"konrad").decode(), True),
        ("a-" + base64.urlsafe_b64encode(b"konrad@example.org").decode().rstrip("=") + "-z", True),
        (b"konrad".hex(), True),
        ("robes-longues", False),
        ("Anticonstitutionnellement", False),
        ("RobesEtJupes", False),
        ("deadbeefdeadbeef", False),
        ("soldes-été-2024", False),
    ],
)
def test_readable_text_in_base64_or_hexadecimal_shows(text: str, *, hides: bool) -> None:
    assert hides_text(text) is hides
