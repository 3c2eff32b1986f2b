"""Who looks: Presidio's pattern recognisers, cut off from the network, and ours.

Presidio ships no French recogniser and leaves the card recogniser out for French (R-67).
"""

from __future__ import annotations

import ipaddress
from typing import Final

from presidio_analyzer import EntityRecognizer, Pattern
from presidio_analyzer.predefined_recognizers import (
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
)

from pseudonymizer.scrub.addresses import addresses
from pseudonymizer.scrub.beside import CASELESS, SightRecognizer, alone, bare, beside
from pseudonymizer.scrub.births import births
from pseudonymizer.scrub.names import TitleRecognizer
from pseudonymizer.scrub.nir import NirRecognizer
from pseudonymizer.scrub.pairs import pairs
from pseudonymizer.scrub.payment import cards, ibans, national_key_is_right
from pseudonymizer.scrub.phones import PhoneNumberRecognizer
from pseudonymizer.scrub.registers import registers
from pseudonymizer.scrub.suffixes import split_host

PLATE: Final = "FR_PLATE"

_EMAIL_WORDS: Final = ["email", "e-mail", "mail", "courriel", "adresse"]
_IBAN_WORDS: Final = ["iban", "rib", "bank", "banque", "virement", "compte"]
_PHONE_WORDS: Final = ["phone", "tel", "tél", "mobile", "portable", "appel", "numéro", "call"]
_PLATE_WORDS: Final = (
    r"immatricul(?:ation|[ée]e?s?)|plaques?|v[ée]hicules?|voiture|moto|carte grise"
    r"|(?:number |licen[cs]e )?plate|registration"
)


class OfflineEmailRecognizer(EmailRecognizer):
    """Presidio's, judging the domain by the bundled suffix list.

    A domain the list does not know makes an address less sure, not clean: the list is as old as the
    release, and a new ending must not let an address through.  Its pattern knows no domain with two
    hyphens, which is what a domain outside ASCII is sent as (``xn--``).
    """

    PUNYCODE: Final = Pattern(
        "punycode",
        r"\b[\w!#$%&'*+/=?^`{|}~-][\w!#$%&'*+/=?^`{|}~.-]{0,63}@"
        r"(?:[\w-]{1,63}\.){0,6}?xn--[\w-]{1,59}(?:\.[\w-]{2,63}){0,6}\b",
        0.5,
    )

    def __init__(self, language: str) -> None:
        super().__init__(
            patterns=[*self.PATTERNS, self.PUNYCODE],
            context=_EMAIL_WORDS,
            supported_language=language,
        )

    def validate_result(self, pattern_text: str) -> bool | None:
        """Say that the domain is known, or ``None`` for the plain score."""
        return True if split_host(pattern_text).fqdn else None


class AddressRecognizer(IpRecognizer):
    """Presidio's, for addresses somebody can have: ``::`` is nobody's, and an operator in C++.

    Its own pattern stops in the middle of a shortened address, and sees one in the middle of five
    numbers with points between (a telephone number, a version); ours take the whole or nothing.
    """

    _BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
    FOUR: Final = Pattern(
        "IPv4, whole",
        rf"(?<!\w)(?<![0-9]\.)(?<!\+[0-9]{{1,3}} ){_BYTE}(?:\.{_BYTE}){{3}}(?!\w)(?!\.[0-9])",
        0.6,
    )

    WHOLE: Final = Pattern(
        "IPv6, whole",
        r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-f]{0,4})(?![\w:])",
        0.6,
    )

    def __init__(self, language: str) -> None:
        super().__init__(
            patterns=[self.FOUR, *self.PATTERNS[1:], self.WHOLE], supported_language=language
        )

    def invalidate_result(self, pattern_text: str) -> bool:
        """Say that the text is no address, or the unspecified one."""
        try:
            return ipaddress.ip_address(pattern_text).is_unspecified
        except ValueError:
            return True


class AccountRecognizer(IbanRecognizer):
    """Presidio's, which also checks the key that French and Monegasque accounts hold inside."""

    def __init__(self, language: str) -> None:
        # Presidio's own flags leave IBANs in small letters unseen.
        super().__init__(context=_IBAN_WORDS, supported_language=language, regex_flags=CASELESS)

    def validate_result(self, pattern_text: str) -> bool | None:
        """Say that the check digits are right; ``None`` where the letters are small ones."""
        valid: bool | None = super().validate_result(pattern_text)
        return valid if national_key_is_right(bare(pattern_text)) else False


_LETTERS: Final = "[A-HJ-NP-TV-Z]"
_PLATE: Final = rf"(?!SS|WW){_LETTERS}{{2}}%s[0-9]{{3}}%s(?!SS){_LETTERS}{{2}}"
_OLD_PLATE: Final = (
    rf"[0-9]{{1,4}}[\s-]?{_LETTERS}{{2,3}}[\s-]?(?:0[1-9]|[1-8][0-9]|9[0-5]|2[AB]|97[1-6])"
)


def plates(language: str) -> SightRecognizer:
    """Build the recogniser of French plates: ``AB-123-CD`` since 2009, ``1234 AB 75`` before.

    Never I, O or U, never SS, no WW before.  Without its hyphens a plate looks like half of all
    article numbers (and "de 100 ml"), so that it counts only beside a word for one.
    """
    hyphens = alone(rf"\b{_PLATE % ('-', '-')}\b")
    others = beside(_PLATE_WORDS, rf"\b{_PLATE % (' ?', ' ?')}\b", rf"\b{_OLD_PLATE}\b")
    return SightRecognizer(PLATE, [hyphens, *others], language=language)


def recognisers(language: str, regions: tuple[str, ...]) -> list[EntityRecognizer]:
    """Build everything that looks, for texts in *language* with phone numbers of *regions*."""
    return [
        OfflineEmailRecognizer(language),
        AccountRecognizer(language),
        ibans(language),
        cards(language),
        AddressRecognizer(language),
        MacAddressRecognizer(supported_language=language),
        PhoneNumberRecognizer(regions, language=language, context=_PHONE_WORDS),
        pairs(language),
        NirRecognizer(language),
        plates(language),
        *registers(language),
        births(language),
        TitleRecognizer(language),
        addresses(language),
    ]
