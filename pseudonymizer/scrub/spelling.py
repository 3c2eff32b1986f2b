"""How a text is spelled: what is drawn as nothing in it, and what stands for plain letters.

A sign that nobody sees breaks every pattern, and a whole address can be written in signs that are
not drawn at all (the tags of Unicode).  Digits have forms that no compatibility mapping undoes.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import regex

# What nearly every text consists of; only others are worth the dear look at each character.
_FAMILIAR: Final = re.compile(
    "[\t\n\r -~\u00a0-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e\u20ac]*"
)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Format and control characters, marks that belong to no letter, and what is drawn as nothing.
_UNSEEN: Final = regex.compile(
    r"(?![\t\n\r])[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u115f\u1160\u17b4\u17b5\u180e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_BEFORE_COMPOSING: Final = regex.compile(f"(?![\\p{{Mn}}\\p{{Me}}])(?:{_UNSEEN.pattern})")
_DIGIT: Final = regex.compile(r"(?![0-9])[\p{Nt=De}\p{Nt=Di}\U0001f10b\U0001f10c]")
_TAGS: Final = re.compile("[\U000e0020-\U000e007e]+")
_UNTAGGED: Final = {0xE0000 + code: code for code in range(0x20, 0x7F)}


def is_plain(text: str) -> bool:
    """Say that a text is spelled as it would be in every other document."""
    if text.isascii():
        return text.isprintable() or _CONTROL.search(text) is None
    return unicodedata.is_normalized("NFKC", text) and (
        _FAMILIAR.fullmatch(text) is not None
        or (_UNSEEN.search(text) is None and _DIGIT.search(text) is None)
    )


def compatible(text: str) -> str:
    """Spell *text* plainly: digits as ASCII, letters composed, without what is not drawn.

    What is drawn as nothing goes first, so that an accent meets its letter; a mark that then still
    has none stands on a sign or a digit, where no writing needs it.
    """
    if is_plain(text):
        return text
    digits = _DIGIT.sub(_as_digit, _BEFORE_COMPOSING.sub("", text))
    plain: str = _UNSEEN.sub("", unicodedata.normalize("NFKC", digits))
    return plain


def _as_digit(match: regex.Match[str]) -> str:
    value = unicodedata.numeric(match[0], None)  # none where `regex` knows a later Unicode
    return match[0] if value is None else str(int(value))


def tags(text: str) -> str:
    """Read tag characters as the letters they stand for: in their places, and by themselves."""
    runs = _TAGS.findall(text)
    if not runs:
        return text
    together = "".join(runs).translate(_UNTAGGED)
    apart = (run.translate(_UNTAGGED) for run in runs)
    return "\n".join(dict.fromkeys([text.translate(_UNTAGGED), together, *apart]))
