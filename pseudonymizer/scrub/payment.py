"""Bank accounts and cards, beyond what Presidio's recognisers see.

Presidio's IBAN swallows the four-letter word behind a Belgian account; its card is any thirteen
digits and more that pass one check, as every tenth French barcode does, and knows no card that
begins with 2.
"""

from __future__ import annotations

import re
from typing import Final

from stdnum import iban, luhn

from pseudonymizer.scrub.beside import Sight, SightRecognizer, alone, beside
from pseudonymizer.scrub.edges import BEGIN, EDGE, END

IBAN: Final = "IBAN_CODE"  # Presidio's names for the two
CARD: Final = "CREDIT_CARD"

# What stands behind country and check digits, by SWIFT's registry: so many digits, letters, or
# either ("c").  Six letters are nearly a word, so the form is worth more than the length.
_FORMS: Final = {
    "n11": "NO", "n12": "BE", "n14": "DK FI", "n15": "SI", "n16": "AT EE LT", "n17": "HR",
    "n18": "DE", "n20": "CZ ES SE SK", "n21": "PT", "n22": "IS", "n24": "HU PL", "a4n10": "NL",
    "a4n14": "GB IE", "a4c13": "LV", "a4c15": "GI", "a4c16": "RO", "a4n6c8": "BG", "a4n5c18": "MT",
    "n3c13": "LU", "n5c12": "CH LI", "n7c16": "GR", "n8c16": "CY", "n10c11n2": "FR MC",
    "a1n10c12": "IT SM",
}  # fmt: skip
_SIGNS: Final = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}
_CARD_WORDS: Final = r"cartes?|cb|card|diners"


def account_key_is_right(number: str) -> bool:
    """Check the key of a French bank account: 5 digits, 5 digits, 11 signs, and the key.

    Letters count as digits in three runs, the last of which begins at 2: A and J are 1, S is 2.
    """
    digits = "".join(_account_digit(sign) for sign in number)
    if len(digits) != 23 or not digits.isdecimal():
        return False
    bank, branch, account, key = (
        int(part) for part in (digits[:5], digits[5:10], digits[10:21], digits[21:])
    )
    return key == 97 - (89 * bank + 15 * branch + 3 * account) % 97


def _account_digit(sign: str) -> str:
    if "A" <= sign <= "Z":
        place = ord(sign) - ord("A")
        return str((place + (place >= 18)) % 9 + 1)
    return sign


def national_key_is_right(number: str) -> bool:
    """Check the key inside an IBAN; countries that have none are right, and Monaco has France's."""
    return number[:2] not in {"FR", "MC"} or account_key_is_right(number[4:])


def _iban_is_right(number: str) -> bool:
    # Not asked: whether the bank exists, of which the library's list is as old as its release.
    return national_key_is_right(number) and bool(iban.is_valid(number, check_country=False))


def ibans(language: str) -> SightRecognizer:
    """Build the recogniser of European IBANs, each as long as its country makes it."""
    sights = [_account(form, countries) for form, countries in _FORMS.items()]
    return SightRecognizer(IBAN, sights, check=_iban_is_right, language=language)


def _account(form: str, countries: str) -> Sight:
    parts = re.findall(r"([nac])([0-9]+)", form)
    signs = "".join(rf"(?:[\s.-]?{_SIGNS[sign]}){{{count}}}" for sign, count in parts)
    number = rf"(?:{countries.replace(' ', '|')})[ -]?[0-9]{{2}}{signs}"
    return Sight(BEGIN + number + END, EDGE + number)


def cards(language: str) -> SightRecognizer:
    """Build the recogniser of payment cards, by the first digits that card schemes have.

    A Diners card in one piece is also what a SIRET looks like, and counts beside a word only.
    """
    begin, end = r"(?<![0-9])(?<![0-9][.,-])", r"(?![0-9])(?![.,-][0-9])"
    first = r"(?:[456][0-9]|35|2[2-7])[0-9]{2}"
    sixteen = rf"{first}(?:[\s.-]?[0-9]{{4}}){{3}}(?:[\s.-]?[0-9]{{3}})?"
    amex = r"3[47][0-9]{2}[\s.-]?[0-9]{6}[\s.-]?[0-9]{5}"
    diners = r"3(?:0[0-5]|[689][0-9])[0-9]%s[0-9]{6}%s[0-9]{4}"
    sights = [
        alone(begin + number + end) for number in (sixteen, amex, diners % (r"[\s.-]", r"[\s.-]"))
    ]
    sights += beside(_CARD_WORDS, begin + diners % ("", "") + end)
    return SightRecognizer(CARD, sights, check=luhn.is_valid, language=language)
