"""Social-security numbers, with their key, with it set apart, and without one beside a word."""

from __future__ import annotations

import pytest

from pseudonymizer.scrub.engine import Scrubber

KEY_APART = [
    "2 85 05 78 006 084 clé 41", "NIR : 2850578006084 (41)", "2850578006084/41",
    "2 85 05 78 006 084 - 41", "2850578006084 [41]", "2850578006084, clef : 41",
    "2850578006084 KEY=41", "2 85 05 78 006 084 (clé 41)", "2850578006084cle41",
]  # fmt: skip
BETWEEN = ["  ", "\t", "\n", "/", "_", "|", "\u00b7", "\u2011", "\u2013", " - ", "\u00a0", "."]
WITHOUT_KEY = [
    "nir 2850578006084", "n.i.r. : 2850578006084", "sécu 2 85 05 78 006 084",
    "numéro de sécu : 2850578006084", "SECURITE SOCIALE 2850578006084",
    "carte vitale n° 2-85-05-78-006-084", "2850578006084 (nir)", "nir_2850578006084",
    "social security number 2850578006084", "num secu=2850578006084&x", "NIR 285052A006084",
    "nir 2850578006084 42",  # a wrong key is no reason to keep the rest
]  # fmt: skip
GROUPS = ("2", "85", "05", "78", "006", "084", "41")
LEFT_ALONE = [
    "2850578006084", "EAN 2850578006084", "2 85 05 78 006 084 clé 42", "2850578006084/42",
    "souvenir 2850578006084", "nir 28505780060841", "nir 2851378006", "sécu lot 4 2850578006084",
]  # fmt: skip


@pytest.mark.parametrize(
    "number",
    [*KEY_APART, *WITHOUT_KEY, *(gap.join(GROUPS) for gap in BETWEEN)],
)
def test_the_number_takes_its_whole_text_along(
    number: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    text = f"robe {number} merci"
    assert scrubber.scrub(text).text == "<FR_NIR>"
    assert plain_scrubber.scrub(text).text == "<FR_NIR>"
    assert scrubber.findings(text) == plain_scrubber.findings(text) == scrubber.naive_findings(text)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_only_looks_like_one_is_left_alone(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert "FR_NIR" not in scrubber.kinds_in(text)
    assert "FR_NIR" not in plain_scrubber.kinds_in(text)
