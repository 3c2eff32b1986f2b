"""Bank accounts and cards, beyond what Presidio's recognisers see.

Presidio's IBAN swallows the four-letter word behind a Belgian account; its card is any thirteen
digits and more that pass one check, as every tenth French barcode does, and knows no card that
begins with 2.
"""

from __future__ import annotations

from typing import Final

from stdnum import iban, luhn

from pseudonymizer.scrub.beside import BEGIN, END, SightRecognizer, alone, beside

IBAN: Final = "IBAN_CODE"  # Presidio's names for the two
CARD: Final = "CREDIT_CARD"

# Characters of the account numbers of Europe, without country and check digits (SWIFT's registry).
_LENGTHS: Final = {
    11: ("NO",), 12: ("BE",), 14: ("DK", "FI", "NL"), 15: ("SI",), 16: ("AT", "EE", "LT", "LU"),
    17: ("CH", "HR", "LI", "LV"), 18: ("BG", "DE", "GB", "IE"), 19: ("GI",),
    20: ("CZ", "ES", "RO", "SE", "SK"), 21: ("PT",), 22: ("IS",),
    23: ("FR", "GR", "IT", "MC", "SM"), 24: ("CY", "HU", "PL"), 27: ("MT",),
}  # fmt: skip
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
    sights = [
        alone(
            rf"{BEGIN}(?:{'|'.join(countries)})[ -]?[0-9]{{2}}(?:[\s.-]?[0-9A-Z]){{{length}}}{END}"
        )
        for length, countries in _LENGTHS.items()
    ]
    return SightRecognizer(IBAN, sights, check=_iban_is_right, language=language)


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
