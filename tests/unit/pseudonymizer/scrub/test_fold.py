"""The drawing in ASCII never hides a character from a pattern: every code point is tried."""

from __future__ import annotations

import functools
import sys

import phonenumbers.phonenumberutil as phone_rules
import pytest
import regex

from pseudonymizer.scrub import nir
from pseudonymizer.scrub.fold import UNSTORABLE, drawn, fold
from pseudonymizer.scrub.prefilter import _in_ascii

EVERY_CHARACTER = "".join(
    chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000
)
CASELESS = regex.IGNORECASE | regex.DOTALL
ATOMS = {
    "digit": r"\d",
    "word": r"\w",
    "space": r"\s",
    "letter": "[A-Z]",
    "no digit": r"\D",
    "no word": r"\W",
    "edge of a word": r"[\W_]",
    "no blank or comma": r"[^\s,;]",
    "letter of any script": r"[^\W\d_]",
    "blank, point or hyphen": r"[\s.-]",
    "e with an accent or without": "[eé]",
    "letter or digit": "[a-z0-9]",
    "hexadecimal": "[0-9a-f]",
    "phone punctuation": f"[{phone_rules._VALID_PUNCTUATION}]",
    "between the groups of a NIR": nir._BETWEEN,
    "phone plus": f"[{phone_rules._PLUS_CHARS}]",
}


@functools.cache
def every_drawing() -> dict[str, str]:
    return {each: drawn(each) if ord(each) > 127 else each for each in EVERY_CHARACTER}


@pytest.mark.parametrize("atom", ATOMS.values(), ids=ATOMS.keys())
def test_what_a_pattern_matches_it_matches_in_the_drawing_too(atom: str) -> None:
    drawing = regex.compile(_in_ascii(atom), CASELESS | regex.ASCII)
    drawings: dict[str, str] = {}  # of all the characters drawn alike, one is enough
    for character in regex.findall(atom, EVERY_CHARACTER, flags=CASELESS):
        drawings.setdefault(every_drawing()[character], character)
    hidden = [
        hex(ord(one)) for drawn_as, one in drawings.items() if not drawing.fullmatch(drawn_as)
    ]
    assert hidden == []


def test_words_end_in_the_drawing_where_they_end_in_the_text() -> None:
    word = regex.compile(r"\w")
    moved = [
        hex(ord(character))
        for character in EVERY_CHARACTER
        if ord(character) > 127
        and bool(word.match(character)) != bool(word.match(drawn(character)))
    ]
    assert moved == []


def test_one_character_is_drawn_as_one_byte() -> None:
    text = "où, 06\u00a012, \u0663, \ud800, \U0001f600"
    assert len(fold(text)) == len(text)


def test_a_lone_surrogate_is_drawn_as_unstorable() -> None:
    assert fold("a\udfffb") == f"a{UNSTORABLE}b".encode()
