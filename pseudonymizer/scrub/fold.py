"""Draws any text in ASCII, so that one plain scan can judge all of a batch.

Every character outside ASCII becomes the ASCII character that the recognisers' patterns treat
alike: a digit of any script a digit, a letter a letter, a dash between digits a dash.  A pattern
that matches the text therefore also matches the drawing, whichever version of Unicode the scanning
engine was built with; the other way round it may match too often, which costs a closer look only.
``test_fold`` proves the claim for every code point.
"""

from __future__ import annotations

import codecs
from typing import Final

import phonenumbers.phonenumberutil as phone_rules
import regex

SEPARATOR: Final = "\n"  # stands between the texts of a batch; `^` and `$` hold on both sides of it
UNSTORABLE: Final = "\x00"  # what a lone surrogate is drawn as: no database would take either

_HANDLER: Final = "paravent-fold"
_REMEMBERED_BELOW: Final = (
    0x3100  # remembering all of Unicode would take 100 MB, one text at a time
)
_ASCII_TWINS: Final = {"\u017f": "s", "\u212a": "k", "\u0130": "i", "\u0131": "i"}
_DIGIT: Final = regex.compile(r"\d")
_WORD: Final = regex.compile(r"\w")
_SPACE: Final = regex.compile(r"\s")
_PHONE_PUNCTUATION: Final = regex.compile(f"[{phone_rules._VALID_PUNCTUATION}]")  # noqa: SLF001
_PHONE_PLUS: Final = regex.compile(f"[{phone_rules._PLUS_CHARS}]")  # noqa: SLF001


def drawn(character: str) -> str:
    """Give the ASCII character that every pattern of ours treats at least as well."""
    if "\ud800" <= character <= "\udfff":
        return UNSTORABLE
    if character.isdecimal() or _DIGIT.match(character):
        return "0"
    dash = _PHONE_PUNCTUATION.match(character) is not None
    if _WORD.match(character) or character in _ASCII_TWINS:
        # The one letter that phone numbers are also divided by, as in "12x34", is both.
        return "x" if dash else _ASCII_TWINS.get(character, "a")
    if _SPACE.match(character):
        return " "
    if _PHONE_PLUS.match(character):
        return "+"
    return "-" if dash else "\x01"


class _Drawings(dict[str, str]):
    def __missing__(self, character: str) -> str:
        ascii_character = drawn(character)
        if ord(character) < _REMEMBERED_BELOW:
            self[character] = ascii_character
        return ascii_character


_DRAWINGS: Final = _Drawings()


def _draw(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join([_DRAWINGS[character] for character in found]), error.end


_LATIN: Final = bytes(range(128)) + "".join(map(drawn, map(chr, range(128, 256)))).encode("ascii")
codecs.register_error(_HANDLER, _draw)


def fold(text: str) -> bytes:
    """Draw *text* in ASCII, one byte a character; ASCII text stays as it is."""
    # By way of Latin-1: accented letters then cost a table, and only the rest a call each.
    return text.encode("latin-1", _HANDLER).translate(_LATIN)
