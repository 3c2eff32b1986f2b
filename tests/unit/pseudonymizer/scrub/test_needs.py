"""What a pattern is said to need, every text it matches has."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
import regex
from hypothesis import given

from pseudonymizer.scrub.closer_look import CloserLook
from pseudonymizer.scrub.decode import SIGNS
from pseudonymizer.scrub.engine import REGIONS
from pseudonymizer.scrub.fold import fold
from pseudonymizer.scrub.needs import NOTHING, Needs, needs
from pseudonymizer.scrub.prefilter import Shape
from tests.support.shop_texts.corpus import corpus

CASELESS = re.IGNORECASE


@pytest.mark.parametrize(
    ("pattern", "digits", "signs"),
    [
        (r"\d{3}-[0-9]", 4, "-"),
        (r"(?:1|22)x(?:@|@%)", 1, "@"),
        (r"(?:a@|b)\d?", 0, ""),
        (r"(?=[A-Z]{1,8}[0-9])[A-Z0-9]{9}", 1, ""),
        (r"(?:(?=[0-9])\w){3}", 1, ""),  # three looks at one digit
        (r"(?:[0-9]%){2,4}", 2, "%"),
        (r"(?![0-9]{3})(?<!@)a", 0, ""),
        (r"[^0-9][0-9a]", 0, ""),
        (r"\p{Lu}[\p{L}'-]+\K[0-9]", 1, ""),
        (r"(?>[0-9]:)[0-9]*+", 1, ":"),
    ],
)
def test_needs_are_read_off_the_pattern(pattern: str, digits: int, signs: str) -> None:
    assert needs(pattern, CASELESS) == Needs(digits, frozenset(signs))


def test_a_pattern_that_is_not_understood_needs_nothing() -> None:
    assert needs(r"(?|a1|b2)[[:digit:]]{3}(", CASELESS) == NOTHING


@pytest.fixture(scope="module")
def shapes() -> list[Shape]:
    signs = [Shape(sign, re.DOTALL | re.MULTILINE, 0) for sign in SIGNS]
    return [*CloserLook(REGIONS).shapes(), *signs]


def lacking(shape: Shape, text: str) -> str | None:
    """Give what *text* lacks although the pattern matches it."""
    if not regex.search(shape.pattern, text, flags=shape.flags):
        return None
    need, drawing = needs(shape.pattern, shape.flags), fold(text)
    digits = sum(chr(byte).isdigit() for byte in drawing)
    short = digits < need.digits or any(ord(sign) not in drawing for sign in need.signs)
    return f"{need} of {shape.pattern}" if short else None


def test_every_pattern_finds_its_needs_in_the_texts_of_a_shop(shapes: list[Shape]) -> None:
    for text in corpus(share=0.02):
        for shape in shapes:
            assert lacking(shape, text.text) is None


@given(text=st.text("0123456789 -.()/x+@:,_~%&#;\\ABEFRabefr\u0661\uff11\u00e9\u017f", max_size=60))
def test_every_pattern_finds_its_needs_in_any_text(text: str, shapes: list[Shape]) -> None:
    for shape in shapes:
        assert lacking(shape, text) is None


def test_most_patterns_need_what_most_texts_do_not_have(shapes: list[Shape]) -> None:
    free = [shape for shape in shapes if needs(shape.pattern, shape.flags) == NOTHING]
    assert len(free) < len(shapes) / 5
