"""Every known person is met through every two wrappings, one in the other (R-69).

Met means that nothing of the text is kept but the kinds of what was found, or that it is dropped as
unreadable.  Every day each chain is tried on the canaries and on a third of the other kinds; on all
of them with ``SCRUB_CORPUS=whole``.
"""

from __future__ import annotations

import os

import pytest

from pseudonymizer.scrub.engine import Scrubber
from tests.support.canaries import CONTROL, KANARI
from tests.support.wrappings import CHAINS, WRAPPINGS

PEOPLE = {
    KANARI.email: "EMAIL_ADDRESS",
    CONTROL.email: "EMAIL_ADDRESS",
    "ada@bücher.example": "EMAIL_ADDRESS",
    KANARI.phone: "PHONE_NUMBER",
    "06 12 34 56 78": "PHONE_NUMBER",
    KANARI.ip: "IP_ADDRESS",
    "2001:db8::8a2e:370:7334": "IP_ADDRESS",
    "00:1a:2b:3c:4d:5e": "MAC_ADDRESS",
    "FR7630006000011234567890189": "IBAN_CODE",
    "4111 1111 1111 1111": "CREDIT_CARD",
    "rib 30006 00001 12345678901 89": "FR_BANK_ACCOUNT",
    "1 85 05 78 006 084 91": "FR_NIR",
    "AB-123-CD": "FR_PLATE",
    "siren 732829320": "FR_SIREN",
    "siret 73282932000074": "FR_SIRET",
    "FR44732829320": "FR_VAT",
    "30 23 217 600 053": "FR_TAX_NUMBER",
    "INE 123456789AB": "FR_INE",
    "CNI X4RTBPFW4": "FR_IDENTITY_CARD",
    "passeport 12AB34567": "FR_PASSPORT",
    "permis 130775200123": "FR_DRIVING_LICENCE",
    "née le 10/12/1815": "BIRTH_DATE",
    "Mme Lovelace": "PERSON",
    "12 rue Ada Lovelace": "POSTAL_ADDRESS",
}


ALWAYS = {KANARI.email, CONTROL.email, KANARI.phone, KANARI.ip}
WHOLE = os.environ.get("SCRUB_CORPUS") == "whole"


@pytest.mark.parametrize(("turn", "chain"), tuple(enumerate(CHAINS)))
def test_nobody_hides_behind_two_wrappings(turn: int, chain: str, scrubber: Scrubber) -> None:
    texts = [
        text
        for number, text in enumerate(PEOPLE)
        if WHOLE or text in ALWAYS or (number + turn) % 3 == 0
    ]
    left = scrubber.scrub_many([CHAINS[chain](text) for text in texts])
    hidden = [text for text, result in zip(texts, left, strict=True) if not result.kinds]
    assert hidden == []


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_one_wrapping_does_not_hide_what_it_is(wrapping: str, scrubber: Scrubber) -> None:
    left = scrubber.scrub_many([WRAPPINGS[wrapping](text) for text in PEOPLE])
    kinds = dict(zip(PEOPLE, (result.kinds for result in left), strict=True))
    assert {text for text in PEOPLE if PEOPLE[text] not in kinds[text]} == set()


def test_the_wrappings_do_wrap() -> None:
    text = "ada@bücher.example 1 2"
    assert all(wrap(text) != text for wrap in WRAPPINGS.values())
    assert len(CHAINS) == len(WRAPPINGS) * (len(WRAPPINGS) + 1)
