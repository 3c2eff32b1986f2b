"""How much is found, and how much of it rightly: measured on texts from a seed.

Every day a quarter of the texts; all of them with ``SCRUB_CORPUS=whole``.  The figures of the whole
stand in docs/scrubbing.md, printed by ``python -m tests.support.shop_texts``.
"""

from __future__ import annotations

import os

import pytest

from pseudonymizer.scrub.engine import Scrubber
from tests.support.shop_texts.corpus import corpus
from tests.support.shop_texts.measure import Measured, measure

SHARE = 1.0 if os.environ.get("SCRUB_CORPUS") == "whole" else 0.25
CHECKED = (
    "CREDIT_CARD", "FR_BANK_ACCOUNT", "FR_NIR", "FR_RPPS", "FR_SIREN", "FR_SIRET", "FR_TAX_NUMBER",
    "FR_VAT", "IBAN_CODE",
)  # fmt: skip
LEAST_RECALL = {
    **dict.fromkeys(CHECKED, 0.995),
    "EMAIL_ADDRESS": 0.97,
    "PHONE_NUMBER": 0.97,
    "POSTAL_ADDRESS": 0.85,
    "BIRTH_DATE": 0.95,
    "PERSON": 0.95,
    "FR_PLATE": 0.95,
    "FR_INE": 0.95,
    "FR_IDENTITY_CARD": 0.95,
    "FR_PASSPORT": 0.95,
    "FR_DRIVING_LICENCE": 0.95,
    "IP_ADDRESS": 0.97,
    "MAC_ADDRESS": 0.97,
}


@pytest.fixture(scope="module")
def measured(scrubber: Scrubber) -> Measured:
    return measure(scrubber, corpus(share=SHARE))


@pytest.mark.parametrize(("kind", "least"), LEAST_RECALL.items())
def test_enough_of_what_is_there_is_found(kind: str, least: float, measured: Measured) -> None:
    tally = measured.kinds[kind]
    assert tally.put > 20
    assert tally.recall >= least


def test_no_kind_is_without_a_bar(measured: Measured) -> None:
    assert set(measured.kinds) == set(LEAST_RECALL)


@pytest.mark.parametrize("kind", ["EMAIL_ADDRESS", "PHONE_NUMBER"])
def test_wrapping_does_not_hide(kind: str, measured: Measured) -> None:
    wrapped = [tally for (each, how), tally in measured.encodings.items() if each == kind and how]
    assert len(wrapped) > 15
    assert sum(t.found for t in wrapped) / sum(t.put for t in wrapped) >= 0.97


@pytest.mark.parametrize("kind", CHECKED)
def test_what_has_check_digits_is_hardly_ever_named_in_error(kind: str, measured: Measured) -> None:
    assert measured.kinds[kind].precision >= 0.98


def test_what_is_found_was_nearly_always_there(measured: Measured) -> None:
    assert measured.precision >= 0.95


def test_texts_about_nobody_are_nearly_always_kept(measured: Measured) -> None:
    assert measured.spoiled <= 0.02 * measured.clean


def test_the_same_seed_gives_the_same_texts() -> None:
    assert list(corpus(share=0.01)) == list(corpus(share=0.01))
