"""Numbers of registers, papers, accounts and plates: right, wrong, nearly so, spaced, embedded."""

from __future__ import annotations

import random

import pytest

from pseudonymizer.scrub.beside import bare
from pseudonymizer.scrub.engine import Scrubber
from pseudonymizer.scrub.payment import account_key_is_right
from tests.support.shop_texts import numbers

FOUND = {
    "FR_SIREN": [
        "SIREN 732829320", "siren: 732 829 320", "n° SIREN : 732.829.320", "732 829 320 (SIREN)",
        "n_siren=732829320", "SIREN732829320", "RCS Paris B 732 829 320",
        "robe\nSiren\u00a0732829320",
    ],
    "FR_SIRET": [
        "siret 73282932000074", "SIRET n° 732 829 320 00074", "732 829 320 00074",
        "SIRET de l'établissement principal : 73282932000074",
        "siret 35600000049837",  # a post office, counted another way
        "siret 356 000 000 00048",  # and the head office of all of them, which is not
    ],
    "FR_VAT": [
        "FR44732829320", "FR 44 732 829 320", "tva fr44732829320", "(FR44.732.829.320)",
        "VAT FR 40 303 265 045 please",
    ],
    "FR_TAX_NUMBER": [
        "numéro fiscal 3023217600053", "n° fiscal : 30 23 217 600 053", "30 23 217 600 053",
        "numero fiscal=3023217600053", "SPI 3023217600053", "tax id 3023217600053",
    ],
    "FR_BANK_ACCOUNT": [
        "30006 00001 12345678901 89", "RIB 30006000011234567890189", "20041-01005-0500013M026-06",
        "mon rib : 20041 01005 0500013M026 06",
    ],
    "FR_RPPS": ["RPPS 10100056455", "n° rpps : 10100056455", "10100056455 (RPPS)"],
    "FR_INE": ["INE 1234567890A", "n° INE : 123456789AB", "numéro étudiant 0123A45678B"],
    "FR_IDENTITY_CARD": [
        "CNI 880692310285", "carte d'identité n° X4RTBPFW4", "carte d\u2019identité D2H6862M2",
        "pièce d'identité : T7X62TZ79", "ID card 880692310285", "880692310285 (CNI)",
    ],
    "FR_PASSPORT": ["passeport 12AB34567", "passport no. 12 AB 34567", "12ab34567 (passeport)"],
    "FR_DRIVING_LICENCE": [
        "permis de conduire 130775200123", "permis n° 13AA00002", "driving licence: 13AA00002",
    ],
    "FR_PLATE": [
        "AB-123-CD", "plaque AB 123 CD", "immatriculée ab123cd", "plaque 1234 AB 75",
        "carte grise 123-ABC-2A", "number plate 1234AB75", "1234 AB 974 (immatriculation)",
    ],
    "IBAN_CODE": [
        "FR76 3000 6000 0112 3456 7890 189", "fr7630006000011234567890189",
        "BE68 5390 0754 7034 robe longue", "DE89370400440532013000.", "mc5811222000010123456789030",
    ],
    "CREDIT_CARD": [
        "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "2223 0031 2200 3222",
        "carte 30569309025904", "6011111111111117",
    ],
    "IP_ADDRESS": ["192.0.2.17.", "(198.51.100.1)", "ip=203.0.113.9", "vu...192.0.2.17"],
    "EMAIL_ADDRESS": ["ada@xn--bcher-kva.example", "ada@shop.xn--bcher-kva.example, merci"],
}  # fmt: skip
LEFT_ALONE = [
    "732829320", "732 829 320", "Product 732829320",  # no word: one number in ten would pass
    "SIREN 732829321", "sirène 732829320", "SIREN 132829320012345", "SIREN 732829320,50",
    "73282932000074", "siret 73282932000079", "732 829 320 00079",
    "FR45732829320", "FR4473282932", "XFR44732829320", "tailles FR 38 40 42 44 46 48",
    "3023217600053", "EAN 3023217600053", "numéro fiscal 3023217600054",
    "30006 00001 99999999901 88", "30006000011234567890189",
    "10100056455", "RPPS 10100056456", "1234567890A", "magazine 1234567890A", "INE 12345678",
    "880692310285", "lot 880692310285", "X4RTBPFW4", "CNI 881392310285", "CNI AEIOU1234",
    "12AB34567", "passeport 12A345678", "étui passeport RFID réf 12345678",
    "130775200123", "permis de construire 130775200123", "permis enfant 2024",
    "AB 123 CD", "1234 AB 75", "plaque 1234 AB 99", "plaque de cuisson 4 feux 60 cm",
    "FR76 3000 6000 0112 3456 7890 188", "BE68 5390 0754 7035 robe",
    "4111-1111-1111-1112", "3761678701503", "GTIN 03251203843834", "SKU 1111111111111117",
    "+689 40.50.76.999", "version 1.2.3.4.5", "36 38 40 42 44",
]  # fmt: skip
SHOP = [
    "Product 123-ABC", "CMD-2024-0001234", "commande n° 100023456", "EAN 3250391234563",
    "ISBN 978-2-07-036822-8", "ISBN 2070368228", "1 299,00 €", "$1,299.99", "120x60x75 cm",
    "123e4567-e89b-42d3-a456-426614174000", "48.8566, 2.3522", "du 12 au 24/05/2024",
    "T. 38/40", "réf. 4021-BK", "v2.10.4", "gclid=EAIaIQobChMI", "lot de 3",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts]
)
def test_it_is_found_however_it_is_written(
    kind: str, text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert kind in scrubber.kinds_in(text)
    assert kind in plain_scrubber.kinds_in(text)


@pytest.mark.parametrize("text", [*LEFT_ALONE, *SHOP])
def test_what_only_looks_like_one_is_left_alone(
    text: str, scrubber: Scrubber, plain_scrubber: Scrubber
) -> None:
    assert scrubber.scrub(text) == (text, ())
    assert plain_scrubber.scrub(text) == (text, ())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("siren: 732829320, merci", "siren: <FR_SIREN>, merci"),
        ("mon passeport 12AB34567 svp", "mon passeport <FR_PASSPORT> svp"),
        ("732 829 320 (SIREN)", "<FR_SIREN> (SIREN)"),
        ("SIRET 73282932000074", "SIRET <FR_SIRET>"),
        ("RIB 30006 00001 12345678901 89", "RIB <FR_BANK_ACCOUNT>"),
    ],
)
def test_the_word_stays_and_the_number_goes(text: str, left: str, scrubber: Scrubber) -> None:
    assert scrubber.scrub(text).text == left


def test_what_is_part_of_something_surer_is_not_named_as_well(scrubber: Scrubber) -> None:
    assert scrubber.kinds_in("DE56 1943 8719 4441 8849 36") in {(), ("IBAN_CODE",)}
    assert scrubber.kinds_in("FR76 3000 6000 0112 3456 7890 189") == ("IBAN_CODE",)
    assert scrubber.kinds_in("siret 73282932000074") == ("FR_SIRET",)


def test_a_word_far_away_is_no_word_for_the_number(scrubber: Scrubber) -> None:
    far = "siren " + "robe " * 12 + "732829320"
    assert scrubber.kinds_in(far) == ()


def test_another_number_in_between_takes_the_word(scrubber: Scrubber) -> None:
    assert scrubber.kinds_in("siren absent, lot 12, 732829320") == ()


def test_the_key_of_a_bank_account_tells_a_wrong_digit() -> None:
    dice = random.Random(1815)  # noqa: S311  # test data
    for _ in range(200):
        number = numbers.bare_account(dice)
        assert account_key_is_right(number)
        place = dice.randrange(10)
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert not account_key_is_right(wrong)
    assert not account_key_is_right("3000600001123456789018")
    assert not account_key_is_right("30006000011234567é90189")


def test_bare_leaves_digits_and_letters() -> None:
    assert bare("fr 44.732-829\u00a0320") == "FR44732829320"
