"""French telephone numbers in spellings that the library of telephone numbers does not take.

It takes no letter beside a number, no underscore, comma or colon between its pairs, and nothing
that begins as a date does: ``06/39/98/00/01``, ``06_39_98_00_01``, ``Tel06 39 98 00 01``.  One
separator, its blanks included, stands between all pairs, since times and dates side by side have
several; and no sixth pair follows, as in the address of a device.
"""

from __future__ import annotations

from typing import Final

from pseudonymizer.scrub.beside import Sight, SightRecognizer, after

PHONE: Final = "PHONE_NUMBER"

_WORDS: Final = (
    r"t[ée]l(?:[ée]phone)?|phone|portable|mobile|mob|gsm|fixe|num(?:[ée]ro)?|appel(?:er|ez)?|call"
    r"|sms|whatsapp|contact|joindre|svp"
)
_SIGNS: Final = "/_|:\u00b7\u2022"
_CODE: Final = r"(?:\+|00)33(?:\s?\(0\))?"
_LEAD: Final = rf"(?:0|{_CODE}\s?)[1-9]"
_SIGNED_LEAD: Final = rf"(?:0|{_CODE}[\s.,;{_SIGNS}]{{0,2}})[1-9]"
_LETTER: Final = r"[^\W\d_]"
_NO_MORE: Final = r"(?![0-9])(?!\1[0-9]{2}(?![0-9]))"
_NO_DEVICE: Final = r"(?!\1[0-9A-F]{2}(?![0-9A-Z]))"
_SOLID: Final = "[0-9]{8}"


def _paired(lead: str, separator: str) -> str:
    return rf"{lead}({separator})[0-9]{{2}}(?:\1[0-9]{{2}}){{3}}"


def _shape(lead: str, separator: str) -> str:
    return rf"{lead}(?:{separator}[0-9]{{2}}){{4}}"


def _signed(separator: str) -> Sight:
    """See pairs with one sign between, but not behind a number or two hexadecimal digits."""
    alone = rf"(?<![0-9])(?<![0-9][,;{_SIGNS}])(?<!\b[0-9A-F]{{2}}[,;{_SIGNS}])"
    pairs = _paired(_SIGNED_LEAD, separator)
    return Sight(f"{alone}{pairs}{_NO_MORE}{_NO_DEVICE}", _shape(_SIGNED_LEAD, separator))


def _touching() -> list[Sight]:
    """See pairs, or a number of one piece, with a letter right before or behind.

    Not the one of hours (``14h``), nor capitals behind, as references have them.
    """
    plain, shape = _paired(_LEAD, r"[\s.-]{1,2}"), _shape(_LEAD, r"[\s.-]{1,2}")
    behind = rf"(?={_LETTER})(?!h(?:{_LETTER}{{0,4}}[\W\d_]|$))"
    return [
        Sight(rf"(?<={_LETTER}){plain}{_NO_MORE}", shape),
        Sight(rf"(?<![0-9])(?<![0-9][\s.-]){plain}{behind}", shape),
        Sight(rf"(?<![^\W_])0[67]{_SOLID}(?=(?-i:[a-zà-ÿ]{{2}}))", f"0[67]{_SOLID}"),
        after(_WORDS, rf"{_LEAD}{_SOLID}(?![0-9])", reach=2),
    ]


def pairs(language: str) -> SightRecognizer:
    """Build the recogniser; what it finds is a telephone number like any other."""
    # Sizes have blanks behind their commas (02, 04, 06), so that here none may.
    sights = [_signed(rf"\s?[{_SIGNS}]\s?"), _signed("[,;]"), *_touching()]
    return SightRecognizer(PHONE, sights, language=language)
