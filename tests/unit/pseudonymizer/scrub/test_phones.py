"""Fewer digits parsed, the same numbers found: compared with Presidio's own recogniser."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import example, given
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from pseudonymizer.scrub.phones import PhoneNumberRecognizer
from tests.unit.pseudonymizer.scrub.test_identical_findings import mutated

REGIONS = (
    "FR", "RE", "GP", "MQ", "GF", "YT", "PM", "NC", "PF", "WF",
    "BE", "CH", "GB", "US", "LU", "GG", "AG", "SM", "IT", "AU",
)  # fmt: skip
NUMBERS = "0123456789 -.()/x+é%\u0665\u30fc"
OURS = PhoneNumberRecognizer(REGIONS, language="fr", context=["tel"])
THEIRS = PhoneRecognizer(supported_language="fr", supported_regions=REGIONS)


def places(recogniser: PhoneRecognizer, text: str) -> set[tuple[int, int, float]]:
    results = recogniser.analyze(text, ["PHONE_NUMBER"])
    return {(result.start, result.end, result.score) for result in results}


@given(text=mutated())
def test_in_texts_about_somebody(text: str) -> None:
    assert places(OURS, text) == places(THEIRS, text)


@given(text=st.text(alphabet=NUMBERS, max_size=40))
@example(text="0691x2x3x4x5x6")
@example(text="0xx612345678 x5")
@example(text="268 4641234")
@example(text="+378 886377")
@example(text="0800 1111")
@example(text="\u0660\u0660431111")
@example(text="0011 43 1111")
def test_in_runs_of_digits(text: str) -> None:
    assert places(OURS, text) == places(THEIRS, text)


@given(
    digits=st.text(alphabet="0123456789", min_size=4, max_size=16),
    lead=st.sampled_from(["", "+", "00", "011", "0", "(0)", "0011", "+(", "\u0660\u0660"]),
    size=st.integers(1, 5),
)
def test_in_numbers_of_any_length_and_grouping(digits: str, lead: str, size: int) -> None:
    groups = " ".join(digits[at : at + size] for at in range(0, len(digits), size))
    assert places(OURS, lead + groups) == places(THEIRS, lead + groups)


def test_a_region_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="ISO 3166"):
        PhoneNumberRecognizer(("UK",), language="fr", context=["tel"]).shapes()
