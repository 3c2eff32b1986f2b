"""Every text that a text may stand for: what a browser, a log or a careless script wrapped it in.

``email=ada%40example.org`` holds an address that no pattern sees (R-69).  One step undoes one
wrapping in the whole text; the steps are repeated on what they gave, to a depth and a size that
are bounded.  A text that is still wrapped at the bound is refused, not believed.
"""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from pseudonymizer.scrub import mail, runs
from pseudonymizer.scrub.spelling import compatible, tags

MAX_DEPTH: Final = 4  # double percent-encoding inside an entity inside base64
MAX_READINGS: Final = 24  # of one text; real ones have one or two

# What a text must show for a step to be tried; case matters for base64 only, which spells it out.
SIGNS: Final = (
    r"%u?[0-9A-Fa-f]{2}",
    r"\w\.?\+\w",  # and not the plus of a telephone number
    r"&#[0-9xX]",
    r"&[A-Za-z]{2,31}",
    r"\\[uUxX]\{?[0-9A-Fa-f]{2}",
    "[xX][nN]--[A-Za-z0-9]",
    r"\\(?:[0-3][0-7]|0{0,4}[2-7][0-9A-Fa-f])",
    r"\\[!#-&(-/:-@\[\]-`{-~]",
    *mail.SIGNS,
    *runs.SIGNS,
)

_LEGACY_PERCENT: Final = re.compile(r"%u([0-9A-Fa-f]{4})")
_ENTITY: Final = re.compile("&[A-Za-z]{2,31};?")
_BYTES: Final = re.compile(r"(?:\\[xX][0-9A-Fa-f]{2})+")
_OCTAL: Final = re.compile(r"(?:\\{1,8}[0-3][0-7]{2})+")
_THREE: Final = re.compile("[0-7]{3}")
_WIDE_CSS: Final = re.compile(r"\\{1,8}0000([2-7][0-9A-Fa-f])")
_CSS: Final = re.compile(r"\\{1,8}(0{0,3}[2-7][0-9A-Fa-f])(?![0-9A-Fa-f])[ \t\n]?")
_ESCAPED_SIGN: Final = re.compile(r"\\{1,8}([!#-&(-/:-@\[\]-`{-~])")
# Each layer of JSON doubles the backslashes; all of them belong to the escape.
_ESCAPE: Final = re.compile(
    r"\\{1,8}[uU]\{([0-9A-Fa-f]{1,6})\}|\\{1,8}U([0-9A-Fa-f]{8})|\\{1,8}[uU]([0-9A-Fa-f]{4})"
)
_PUNYCODE: Final = re.compile("[xX][nN]--([A-Za-z0-9-]{1,250})")  # decoding is quadratic in it
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class TooManyReadings(ValueError):
    """The text is wrapped more deeply than anything honest; it cannot be looked at."""


def readings(text: str) -> list[str]:
    """Give every other text that *text* may stand for, without itself.

    Raises:
        TooManyReadings: the bound on depth or number was met with something left to undo.
    """
    seen = {text}
    layer = [text]
    for _ in range(MAX_DEPTH):
        layer = [reading for wrapped in layer for reading in _unwrapped(wrapped, seen)]
        if not layer:
            break
    if layer and any(_unwrapped(wrapped, seen) for wrapped in layer):
        raise TooManyReadings("text is wrapped too deeply; no more than four wrappings are undone")
    seen.discard(text)
    return list(seen)


def hides_text(text: str) -> bool:
    """Say whether *text* holds base64 or hexadecimal of something readable, in one piece.

    Whatever it is: a word that a page, a site or a campaign is called by hides nothing.
    """
    return bool(runs.in_one_piece(text))


def _unwrapped(text: str, seen: set[str]) -> list[str]:
    """Give what each step makes of *text*, where that is new, and add it to *seen*."""
    fresh = []
    for step in _STEPS:
        reading = step(text)
        if reading and reading not in seen:
            seen.add(reading)
            fresh.append(reading)
    if len(seen) > MAX_READINGS:
        raise TooManyReadings("text has too many readings; one text is read in 24 ways at most")
    return fresh


def _percent(text: str) -> str:
    if "%" not in text:
        return text
    return unquote(_LEGACY_PERCENT.sub(lambda match: chr(int(match[1], 16)), text))


def _plus(text: str) -> str:
    return text.replace("+", " ")


def _entities(text: str) -> str:
    return html.unescape(_ENTITY.sub(_entity, text)) if "&" in text else text


def _entity(match: re.Match[str]) -> str:
    """Undo a named entity in its own case, or else in small letters."""
    undone = html.unescape(match[0])
    return undone if undone != match[0] else html.unescape(match[0].lower())


def _escapes(text: str) -> str:
    """Undo what stands behind a backslash, in any language's way; a sign stands for itself."""
    if "\\" not in text:
        return text
    characters = _ESCAPE.sub(_character, _BYTES.sub(_characters, text))
    # Six digits are CSS and no octal byte with three digits behind it; three are octal.
    octal = _OCTAL.sub(_octal, _WIDE_CSS.sub(_css, characters))
    return _ESCAPED_SIGN.sub(r"\1", _CSS.sub(_css, octal))


def _octal(match: re.Match[str]) -> str:
    data = bytes(int(byte, 8) for byte in _THREE.findall(match[0]))
    return runs.as_text(data) or data.decode("latin-1")


def _css(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _character(match: re.Match[str]) -> str:
    point = int(match[match.lastindex or 0], 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else match[0]


def _characters(match: re.Match[str]) -> str:
    data = binascii.unhexlify(re.sub(r"\\[xX]", "", match[0]))
    return runs.as_text(data) or data.decode("latin-1")


def _punycode(text: str) -> str:
    return _PUNYCODE.sub(_label, text) if "--" in text else text


def _label(match: re.Match[str]) -> str:
    try:
        label = match[1].encode("ascii").decode("punycode")
    except UnicodeError:
        return match[0]
    return match[0] if _SURROGATE.search(label) else label


_STEPS: Final[tuple[Callable[[str], str], ...]] = (
    _percent, _plus, _entities, _escapes, _punycode, compatible, tags,
    mail.quoted_printable, mail.spelled_out, runs.base64, runs.hexadecimal,
)  # fmt: skip
