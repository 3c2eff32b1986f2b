"""What mail makes of a text: quoted-printable, and the encoded words of its headers.

And what people make of an address, so that no robot reads it: ``ada (at) example [dot] org``.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from pseudonymizer.scrub.runs import as_text

SIGNS: Final = (
    "=[2-7][0-9A-Fa-f][^0-9]",
    "=[0-9A-Fa-f]{2}=[0-9A-Fa-f]{2}",
    "=[2-7][A-Fa-f][0-9]",
    "[0-9]=[2-7][0-9]",
    r"=[ \t]{0,8}\r?\n",
    r"=\?[\w*-]{1,40}\?[bBqQ]\?",
    r"[(\[{<]\s?(?:@|[aA][tT]|[aA][rR][oO][bB][aA][sS][eE])\s?[)\]}>]",
    r"\w\s{0,2}@\s{1,2}\w|\w\s{1,2}@\w",
    r"\s[aA][tT]\s{1,3}[\w.-]{1,40}\s{1,3}[dD][oO][tT]\s",
    r"\s[aA][rR]{1,2}[oO][bB][aA][sS][eE]\s",
)

_SOFT_BREAK: Final = re.compile(r"=[ \t]{0,8}\r?\n")
# One byte with a digit behind it may as well be a number: date=1906-12-09.
_BYTES: Final = re.compile(
    "(?:=[0-9A-Fa-f]{2}){2,}|=[2-7](?:[A-Fa-f]|[0-9](?![0-9]))|(?<=[0-9])=[2-7][0-9]"
)
_WORD: Final = re.compile(r"=\?[\w*-]{1,40}\?([bBqQ])\?([^?\n]{0,200})\?=(?:\s{1,9}(?==\?))?")
_AT: Final = re.compile(r"\s?[(\[{<]\s?(?:at|arobase|@)\s?[)\]}>]\s?", re.IGNORECASE)
_DOT: Final = re.compile(r"\s?[(\[{<]\s?(?:dot|point|\.)\s?[)\]}>]\s?", re.IGNORECASE)
# As bare words, English with English: much is bought "at this point in time", or "at polka dot".
_ENDINGS: Final = (
    "com|net|org|info|biz|pro|name|edu|gov|eu|fr|be|ch|lu|mc|de|uk|es|it|nl|pt|ie|at|us|ca|io|co|app|dev"
    "|me|tv|re|gp|mq|gf|yt|pm|nc|pf|wf|bzh|paris|alsace|corsica|example|test|invalid"
)
_LABELS: Final = r"[\w-]{1,40}(?:(?:\.|\s{1,3}(?:dot|point)\s{1,3})[\w-]{1,40}){0,3}"
_ENGLISH: Final = rf"at\s{{1,3}}({_LABELS}\s{{1,3}}dot\s{{1,3}}(?:{_ENDINGS}))"
_FRENCH: Final = (
    rf"arr?obase\s{{1,3}}({_LABELS}(?:\.|\s{{1,3}}(?:point|dot)\s{{1,3}})(?:{_ENDINGS}))"
)
_WORDED: Final = re.compile(rf"(?<=\w)\s{{1,3}}(?:{_ENGLISH}|{_FRENCH})(?![\w-])", re.IGNORECASE)
_DOT_WORD: Final = re.compile(r"\s{1,3}(?:dot|point)\s{1,3}", re.IGNORECASE)
_BLANKS: Final = re.compile(r"(?<=\w)\s{1,2}@\s{0,2}(?=\w)|(?<=\w)@\s{1,2}(?=\w)")
_NO_BASE64: Final = re.compile("[^A-Za-z0-9+/]")


def quoted_printable(text: str) -> str:
    """Undo quoted-printable in *text*, and the encoded words of a header."""
    if "=" not in text:
        return text
    return _BYTES.sub(_characters, _SOFT_BREAK.sub("", _WORD.sub(_word, text)))


def _word(match: re.Match[str]) -> str:
    if match[1] in "qQ":
        return match[2].replace("_", " ")
    digits = _NO_BASE64.sub("", match[2])
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return as_text(binascii.a2b_base64(digits + "=" * (-len(digits) % 4)))


def _characters(match: re.Match[str]) -> str:
    data = binascii.unhexlify(match[0].replace("=", ""))
    return as_text(data) or data.decode("latin-1")


def spelled_out(text: str) -> str:
    """Put together an address that was taken apart for robots."""
    together = _WORDED.sub(_worded, _BLANKS.sub("@", _AT.sub("@", text)))
    return _DOT.sub(".", together) if "@" in together else text


def _worded(match: re.Match[str]) -> str:
    return "@" + _DOT_WORD.sub(".", match[1] or match[2])
