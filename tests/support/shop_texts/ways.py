"""How each kind of value comes into a text: the words beside it, on forms, in searches, in mails.

Values that are only told from article numbers by a word for them stand beside one, on either side,
near or a little further, in good spelling or bad.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from tests.support.shop_texts import numbers, people
from tests.support.shop_texts.lists import sections

Dice = random.Random


class Way(NamedTuple):
    """What makes the values of a kind, and the phrases around them; ``{}`` is the value."""

    make: Callable[[Dice], str]
    phrases: list[str]


MAKERS: Final[dict[str, Callable[[Dice], str]]] = {
    "EMAIL_ADDRESS": people.email,
    "overseas": people.overseas_phone,
    "IBAN_CODE": numbers.iban,
    "CREDIT_CARD": numbers.card,
    "IP_ADDRESS": people.ip_address,
    "MAC_ADDRESS": people.mac_address,
    "FR_NIR": numbers.nir,
    "FR_PLATE": numbers.plate,
    "FR_SIREN": numbers.siren,
    "FR_SIRET": numbers.siret,
    "FR_VAT": numbers.vat,
    "FR_TAX_NUMBER": numbers.tax_number,
    "FR_BANK_ACCOUNT": numbers.account,
    "FR_RPPS": numbers.rpps,
    "FR_INE": numbers.ine,
    "FR_IDENTITY_CARD": numbers.identity_card,
    "FR_PASSPORT": numbers.passport,
    "FR_DRIVING_LICENCE": numbers.driving_licence,
}


def _ways(name: str, *, french: bool) -> dict[str, Way]:
    own: dict[str, Callable[[Dice], str]] = {
        "PHONE_NUMBER": people.french_phone if french else people.english_phone,
        "BIRTH_DATE": partial(people.birth_date, french=french),
        "PERSON": partial(people.titled, french=french),
        "POSTAL_ADDRESS": people.french_address if french else people.english_address,
    }
    return {kind: Way((MAKERS | own)[kind], found) for kind, found in sections(name).items()}


FRENCH: Final = _ways("french", french=True)
ENGLISH: Final = _ways("english", french=False)
