"""Who looks: Presidio's pattern recognisers, cut off from the network, and two French ones.

Presidio ships no French recogniser and leaves the card recogniser out for French (R-67).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
)

from pseudonymizer.scrub.finding import NIR
from pseudonymizer.scrub.phones import PhoneNumberRecognizer
from pseudonymizer.scrub.suffixes import split_host

PLATE: Final = "FR_PLATE"
CASELESS: Final = re.DOTALL | re.MULTILINE | re.IGNORECASE  # the same bits as in `regex`

_EMAIL_WORDS: Final = ["email", "e-mail", "mail", "courriel", "adresse"]
_IBAN_WORDS: Final = ["iban", "rib", "bank", "banque", "virement", "compte"]
_CARD_WORDS: Final = ["card", "carte", "cb", "visa", "mastercard", "amex", "crédit", "credit"]
_PHONE_WORDS: Final = ["phone", "tel", "tél", "mobile", "portable", "appel", "numéro", "call"]
_PLATE_WORDS: Final = ["immatriculation", "plaque", "véhicule", "voiture", "plate"]
_NIR_WORDS: Final = ["nir", "sécu", "sécurité", "sociale", "insee"]


class OfflineEmailRecognizer(EmailRecognizer):
    """Presidio's, judging the domain by the bundled suffix list.

    A domain the list does not know makes an address less sure, not clean: the list is as old as the
    release, and a new ending must not let an address through.
    """

    def validate_result(self, pattern_text: str) -> bool | None:
        """Say that the domain is known, or ``None`` for the plain score."""
        return True if split_host(pattern_text).fqdn else None


class AddressRecognizer(IpRecognizer):
    """Presidio's, for addresses somebody can have: ``::`` is nobody's, and an operator in C++.

    Its own pattern stops in the middle of a shortened address; ours takes the whole.
    """

    WHOLE: Final = Pattern(
        "IPv6, whole",
        r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-f]{0,4})(?![\w:])",
        0.6,
    )

    def __init__(self, language: str) -> None:
        super().__init__(patterns=[*self.PATTERNS, self.WHOLE], supported_language=language)

    def invalidate_result(self, pattern_text: str) -> bool:
        """Say that the text is no address, or the unspecified one."""
        try:
            return ipaddress.ip_address(pattern_text).is_unspecified
        except ValueError:
            return True


class NirRecognizer(PatternRecognizer):
    """The French social-security number: thirteen characters and a key of two digits.

    Sex, year, month (real, or one of the ranges for incomplete birth records), department (with
    2A and 2B for Corsica), commune, order, key = 97 - n mod 97.
    """

    PATTERNS: Final = [
        Pattern(
            "NIR",
            r"(?<![0-9])[123478][ .-]?[0-9]{2}[ .-]?(?:0[1-9]|1[0-2]|[2-3][0-9]|4[0-2]|[5-9][0-9])"
            r"[ .-]?(?:[0-9]{2}|2[AB])[ .-]?[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{2}(?![0-9])",
            0.5,
        )
    ]

    def __init__(self, language: str) -> None:
        super().__init__(
            supported_entity=NIR,
            patterns=list(self.PATTERNS),
            context=list(_NIR_WORDS),
            supported_language=language,
        )

    def validate_result(self, pattern_text: str) -> bool:
        """Say that the key is right."""
        bare = re.sub(r"[ .-]", "", pattern_text.upper())
        department = {"2A": "19", "2B": "18"}.get(bare[5:7], bare[5:7])
        number = f"{bare[:5]}{department}{bare[7:13]}"
        return number.isdigit() and 97 - int(number) % 97 == int(bare[13:])


class PlateRecognizer(PatternRecognizer):
    """French number plates since 2009: ``AB-123-CD``, never I, O or U, never SS, no WW before.

    Without its hyphens a plate looks like half of all article numbers (and "de 100 ml"), so that it
    counts only beside a word such as *immatriculation*.
    """

    _LETTERS: Final = "[A-HJ-NP-TV-Z]{2}"
    PATTERNS: Final = [
        Pattern("plate", rf"\b(?!SS|WW){_LETTERS}-[0-9]{{3}}-(?!SS){_LETTERS}\b", 0.5),
        Pattern("bare plate", rf"\b(?!SS|WW){_LETTERS} ?[0-9]{{3}} ?(?!SS){_LETTERS}\b", 0.1),
    ]

    def __init__(self, language: str) -> None:
        super().__init__(
            supported_entity=PLATE,
            patterns=list(self.PATTERNS),
            context=list(_PLATE_WORDS),
            supported_language=language,
        )


def recognisers(language: str, regions: tuple[str, ...]) -> list[EntityRecognizer]:
    """Build everything that looks, for texts in *language* with phone numbers of *regions*."""
    return [
        OfflineEmailRecognizer(context=_EMAIL_WORDS, supported_language=language),
        # Presidio's own flags leave IBANs in small letters unseen.
        IbanRecognizer(context=_IBAN_WORDS, supported_language=language, regex_flags=CASELESS),
        CreditCardRecognizer(context=_CARD_WORDS, supported_language=language),
        AddressRecognizer(language),
        MacAddressRecognizer(supported_language=language),
        PhoneNumberRecognizer(regions, language=language, context=_PHONE_WORDS),
        NirRecognizer(language),
        PlateRecognizer(language),
    ]
