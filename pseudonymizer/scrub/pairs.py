"""French telephone numbers in spellings that the library of telephone numbers does not take.

It wants blanks, points, dashes or one slash between the pairs, and no letter beside them; people
write ``06/12/34/56/78``, ``06_12_34_56_78`` and ``Tel06 12 34 56 78``.  One sign stands between all
pairs, since times and dates side by side use two; and no sixth pair follows, as in the address of
a device.
"""

from __future__ import annotations

from typing import Final

from pseudonymizer.scrub.beside import Sight, SightRecognizer, after

PHONE: Final = "PHONE_NUMBER"

_WORDS: Final = (
    r"t[ée]l(?:[ée]phone)?|phone|portable|mobile|mob|gsm|fixe|num(?:[ée]ro)?|appel(?:er|ez)?|call"
)
_LEAD: Final = r"(?:0|(?:\+|00)33\s?(?:\(0\)\s?)?)[1-9]"
_LETTER: Final = r"[^\W\d_]"
_SIGNS: Final = "/_|:\u00b7\u2022"
_ALONE: Final = rf"(?<![0-9])(?<![0-9A-F][,;{_SIGNS}])"
_PLAIN: Final = rf"{_LEAD}(?:[\s.-]{{1,2}}[0-9]{{2}}){{4}}"
_SOLID: Final = "[0-9]{8}"


def _signed(sign: str, *, blanks: str) -> Sight:
    """See pairs with one *sign* between; sizes have *blanks* behind their commas (02, 04, 06)."""
    pairs = rf"{_LEAD}{blanks}({sign}){blanks}[0-9]{{2}}(?:{blanks}\1{blanks}[0-9]{{2}}){{3}}"
    shape = rf"{_LEAD}(?:{blanks}{sign}{blanks}[0-9]{{2}}){{4}}"
    return Sight(rf"{_ALONE}{pairs}(?!{blanks}\1?{blanks}[0-9])", shape)


def _touching() -> list[Sight]:
    """See pairs, or a number of one piece, with a letter right before or behind."""
    behind = rf"{_PLAIN}(?={_LETTER})"
    mobile = rf"0[67]{_SOLID}(?={_LETTER}{{2}})"
    return [
        Sight(rf"(?<={_LETTER}){_PLAIN}(?![\s.-]?[0-9])", _PLAIN),
        Sight(rf"(?<![0-9])(?<![0-9][\s.-]){behind}", _PLAIN),
        Sight(rf"(?<![^\W_]){mobile}", rf"0[67]{_SOLID}"),
        after(_WORDS, rf"{_LEAD}{_SOLID}(?![0-9])", reach=2),
    ]


def pairs(language: str) -> SightRecognizer:
    """Build the recogniser; what it finds is a telephone number like any other."""
    signed = [_signed(f"[{_SIGNS}]", blanks=r"\s?"), _signed("[,;]", blanks="")]
    return SightRecognizer(PHONE, [*signed, *_touching()], language=language)
