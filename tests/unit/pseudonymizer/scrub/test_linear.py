"""No text takes more work than in proportion to its length: told by the patterns, not by a clock.

A pattern that can match only so many characters does at each place of a text at most so much, be it
a megabyte.  ``benchmarks/scrubbing.py`` measures it, on the texts that were found to be slowest.
"""

from __future__ import annotations

import re

import pytest

from pseudonymizer.scrub.beside import SightRecognizer
from pseudonymizer.scrub.decode import SIGNS, readings
from pseudonymizer.scrub.engine import MAX_CHARS, REGIONS, Scrubber
from pseudonymizer.scrub.needs import parsed
from pseudonymizer.scrub.recognisers import recognisers

LONGEST = 700  # characters of one match: an address with its town

OURS = [
    (who.supported_entities[0], each.regex, int(who.global_regex_flags or 0))
    for who in recognisers("fr", REGIONS)
    if isinstance(who, SightRecognizer)
    for each in who.patterns
]


@pytest.mark.parametrize(("kind", "pattern", "flags"), OURS)
def test_a_pattern_of_ours_matches_so_many_characters_at_most(
    kind: str, pattern: str, flags: int
) -> None:
    _, most = parsed(pattern, flags).getwidth()
    assert most <= LONGEST, kind


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_of_an_encoding_is_short(sign: str) -> None:
    _, most = parsed(sign, re.DOTALL).getwidth()
    assert most <= 64


@pytest.mark.parametrize("unit", ["a@", "1", "1 ", "a.", "00:", "+33 ", "%25", "\u0661", "Mme A "])
def test_a_text_of_a_megabyte_is_given_to_nobody(unit: str, scrubber: Scrubber) -> None:
    """Presidio's own patterns are not all bounded, nor is the library of telephone numbers."""
    for text in (unit * (1_000_000 // len(unit)), unit * (MAX_CHARS // len(unit) + 1)):
        assert scrubber.scrub(text) == ("<UNREADABLE>", ("UNREADABLE",))


def test_a_text_has_so_many_readings_at_most() -> None:
    text = "%2541" * 400
    assert sum(map(len, readings(text))) <= 24 * len(text)
