"""Numbers that French registers give to people and to their businesses.

A sole trader's business number is personal data like any other.  The check digits are those of
``python-stdnum``, except the key of a bank account and the two registers it does not know.
"""

from __future__ import annotations

from typing import Final

from stdnum import luhn
from stdnum.fr import nif, siren, siret, tva

from pseudonymizer.scrub.beside import Check, Sight, SightRecognizer, after, alone, beside
from pseudonymizer.scrub.edges import BEGIN, END
from pseudonymizer.scrub.payment import account_key_is_right

SIREN: Final = "FR_SIREN"
SIRET: Final = "FR_SIRET"
VAT: Final = "FR_VAT"
TAX_NUMBER: Final = "FR_TAX_NUMBER"
BANK_ACCOUNT: Final = "FR_BANK_ACCOUNT"
RPPS: Final = "FR_RPPS"
INE: Final = "FR_INE"
IDENTITY_CARD: Final = "FR_IDENTITY_CARD"
PASSPORT: Final = "FR_PASSPORT"
DRIVING_LICENCE: Final = "FR_DRIVING_LICENCE"

_GAP: Final = r"[\s.-]?"
_BEGIN: Final = r"(?<![0-9])(?<![0-9][.,-])"  # not in the middle of a longer number
_END: Final = END + r"(?![.,-][0-9])"


def _digits(count: int) -> str:
    return rf"{_BEGIN}[0-9](?:{_GAP}[0-9]){{{count - 1}}}{_END}"


def _whole(number: str) -> str:
    return BEGIN + number + _END


_SIREN_WORDS: Final = r"siren|r\.?c\.?s|registre du commerce"
_SIRET_WORDS: Final = r"siret"
_TAX_WORDS: Final = (
    r"fiscale?s?|fisc|spi|nif|imp[ôo]ts?|tax(?:payer)?(?: (?:id|identification))?(?: number)?"
)
_BANK_WORDS: Final = r"rib|r\.i\.b\.?|compte|coordonn[ée]es bancaires|bank(?: account)?|account"
_RPPS_WORDS: Final = (
    r"rpps|praticien(?:ne)?|m[ée]decin|prescripteur|practitioner|prescriber"
    r"|professionnels? de sant[ée]"
)
_INE_WORDS: Final = (
    r"ine|bea|identifiant national|(?:num[ée]ro |n° ?)[ée]tudiante?|student (?:id|number)"
)
_CARD_WORDS: Final = (
    r"cnie?|cartes? (?:nationale )?(?:d.)?identit[ée]|pi[èe]ce d.identit[ée]|titre d.identit[ée]"
    r"|(?:national )?identity card|identity document|national id|id card"
)
_PASSPORT_WORDS: Final = r"passeports?|passports?|pi[èe]ce d.identit[ée]|identity document"
_LICENCE_WORDS: Final = r"permis(?! de con[^d])|(?:driving|driver.?s?) licen[cs]e|licen[cs]e number"

_SIRET_GROUPS: Final = _whole(r"[0-9]{3}[\s.][0-9]{3}[\s.][0-9]{3}[\s.][0-9]{5}")
_VAT_NUMBER: Final = _whole(
    rf"FR{_GAP}[0-9A-HJ-NP-Z]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}"
)
_TAX_GROUPS: Final = _whole(r"[0-3][0-9] [0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}")
_ACCOUNT: Final = r"[0-9]{5}%s[0-9]{5}%s[0-9A-Z]{11}%s[0-9]{2}"
_ACCOUNT_GROUPS: Final = _whole(_ACCOUNT % ((r"[\s/-]{1,3}",) * 3))
_ACCOUNT_WHOLE: Final = _whole(_ACCOUNT % (("",) * 3))
_NINE: Final = rf"[0-9]{{2}}{_GAP}[A-Z]{{2}}{_GAP}[0-9]{{5}}"  # passports, and licences since 2013
# Year and month of issue, department, number; since 2021 nine signs, no
# vowel among them, the first a letter.
_OLD_CARD: Final = rf"[0-9]{{2}}(?:0[1-9]|1[0-2]){_GAP}[0-9][0-9AB][0-9]{_GAP}[0-9]{{5}}"
_NEW_CARD: Final = r"(?=[A-Z]{1,8}[0-9])[B-DF-HJ-NP-TV-Z][0-9B-DF-HJ-NP-TV-Z]{8}"
_STUDENT: Final = r"(?:[0-9]{9}\s?[A-Z]{2}|[0-9]{10}\s?[A-Z]|[0-9]{4}A[0-9]{5}[A-Z])"
_LICENCE: Final = rf"[0-9]{{2}}(?:0[1-9]|1[0-2]){_GAP}[0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}"


def registers(language: str) -> list[SightRecognizer]:
    """Build the recognisers of every register, for texts in *language*."""
    table: dict[str, tuple[list[Sight], Check | None]] = {
        SIREN: (beside(_SIREN_WORDS, _digits(9)), siren.is_valid),
        # In its own grouping a SIRET stands for itself: two checks, and no barcode is so spaced.
        SIRET: ([*beside(_SIRET_WORDS, _digits(14)), alone(_SIRET_GROUPS)], siret.is_valid),
        VAT: ([alone(_VAT_NUMBER)], tva.is_valid),
        TAX_NUMBER: ([*beside(_TAX_WORDS, _digits(13)), alone(_TAX_GROUPS)], nif.is_valid),
        BANK_ACCOUNT: (
            [after(_BANK_WORDS, _ACCOUNT_WHOLE), alone(_ACCOUNT_GROUPS)],
            account_key_is_right,
        ),
        RPPS: (beside(_RPPS_WORDS, _digits(11)), luhn.is_valid),
        INE: (beside(_INE_WORDS, _whole(_STUDENT)), None),
        IDENTITY_CARD: (beside(_CARD_WORDS, _whole(_OLD_CARD), _whole(_NEW_CARD)), None),
        PASSPORT: (beside(_PASSPORT_WORDS, _whole(_NINE)), None),
        DRIVING_LICENCE: (beside(_LICENCE_WORDS, _whole(_LICENCE), _whole(_NINE)), None),
    }
    return [
        SightRecognizer(kind, sights, check=check, language=language)
        for kind, (sights, check) in table.items()
    ]
