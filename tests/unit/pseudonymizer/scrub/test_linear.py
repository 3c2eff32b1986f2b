"""No pattern of ours takes more than a time in proportion to the text, whatever the text.

The scrubber cuts texts off long before; the patterns must not need it to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import regex

from pseudonymizer.scrub.beside import SightRecognizer
from pseudonymizer.scrub.recognisers import recognisers

MEGABYTE = 1_000_000
# Beginnings of everything that is looked for, without an end.
UNITS = (
    "1", "1 ", "1-", "siren ", "siren 1", "né le ", "née à ", "1 rue ", "1 rue A ", "1 A A A ",
    "1 rue de la ", "12 aa bb ", "Mme ", "Mme A", "Mme A ", "M. A.-", "Mme de la ", "FR", "FR7",
    "passeport 1", "9 1 1/", "A", "Aa ", "1A", "12345 ", "1 place Aaa, Bbb ", "1er ", "carte ",
    "plaque AB", "date de naissance 1", "1 Aaaa-Aaaa ", "1, rue Aa Bb Cc Dd Ee Ff 7500", "4111 ",
)  # fmt: skip
WORST = {"BIRTH_DATE": "né le ", "POSTAL_ADDRESS": "1 rue de la ", "FR_SIREN": "siren ",
         "PERSON": "Mme A", "CREDIT_CARD": "4111 "}  # fmt: skip


def ours() -> Iterator[SightRecognizer]:
    return (who for who in recognisers("fr", ("FR",)) if isinstance(who, SightRecognizer))


def seconds(recogniser: SightRecognizer, text: str) -> float:
    began = time.thread_time()
    for pattern in recogniser.patterns:
        compiled = regex.compile(pattern.regex, flags=recogniser.global_regex_flags)
        for _ in compiled.finditer(text, timeout=60):
            pass
    return time.thread_time() - began


@pytest.mark.parametrize(("kind", "unit"), WORST.items())
def test_a_megabyte_takes_seconds(kind: str, unit: str) -> None:
    text = unit * (MEGABYTE // len(unit))
    for recogniser in ours():
        if kind in recogniser.supported_entities:
            assert seconds(recogniser, text) < 20


@pytest.mark.parametrize("unit", UNITS)
def test_a_little_of_anything_takes_next_to_nothing(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    assert sum(seconds(recogniser, text) for recogniser in ours()) < 5
