"""Every text that a text may stand for: what a browser, a log or a careless script wrapped it in.

``email=ada%40example.org`` holds an address that no pattern sees (R-69).  One step undoes one
wrapping in the whole text; the steps are repeated on what they gave, to a depth and a size that
are bounded.  A text that is still wrapped at the bound is refused, not believed.
"""

from __future__ import annotations

import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import unquote

MAX_DEPTH: Final = 4  # double percent-encoding inside an entity inside base64
MAX_READINGS: Final = 24  # of one text; real ones have one or two

# Base64 of printable ASCII has a shape: the first character of each four holds six high bits of a
# byte from 0x20 to 0x7e, and so on.  Two such groups are six characters, the shortest address there
# is (a@b.fr); ordinary words rarely have the shape, so that the scan stays quiet.
_QUAD: Final = "[I-Za-f][C-HS-Xi-ny-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
_HEX: Final = "[2-7][0-9A-Fa-f]"

# What a text must show for a step to be tried; case matters for base64 only, which spells it out.
SIGNS: Final = (
    r"%u?[0-9A-Fa-f]{2}",
    r"\w\.?\+\w",  # and not the plus of a telephone number
    r"&#[0-9xX]",
    r"&[A-Za-z]{2,31}",
    r"\\[uUxX]\{?[0-9A-Fa-f]{2}",
    "[xX][nN]--[A-Za-z0-9]",
    f"(?:{_QUAD}){{2}}",
    f"(?:{_HEX}){{6}}",
    # Either of the two again, of text outside ASCII: long, or (full-width letters) in fours.
    "[A-Za-z0-9]{20}",
    "(?:[+/_-][A-Za-z0-9]{3}){4}",
)

_BASE64: Final = re.compile(f"(?=((?:{_QUAD}){{2,}}[A-Za-z0-9+/_-]{{0,3}}))")
_HEXADECIMAL: Final = re.compile(f"(?=((?:{_HEX}){{6,}}))")
_LONG_BASE64: Final = re.compile("[A-Za-z0-9+/_-]{20,}")
_LONG_HEXADECIMAL: Final = re.compile("[0-9A-Fa-f]{20,}")
_LEGACY_PERCENT: Final = re.compile(r"%u([0-9A-Fa-f]{4})")
_ENTITY: Final = re.compile("&[A-Za-z]{2,31};?")
_BYTES: Final = re.compile(r"(?:\\[xX][0-9A-Fa-f]{2})+")
# Each layer of JSON doubles the backslashes; all of them belong to the escape.
_ESCAPE: Final = re.compile(
    r"\\{1,8}[uU]\{([0-9A-Fa-f]{1,6})\}|\\{1,8}U([0-9A-Fa-f]{8})|\\{1,8}[uU]([0-9A-Fa-f]{4})"
)
_PUNYCODE: Final = re.compile("[xX][nN]--([A-Za-z0-9-]{1,250})")  # decoding is quadratic in it
# Format characters, and the letters and marks that are drawn as nothing at all.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class TooManyReadings(ValueError):
    """The text is wrapped more deeply than anything honest; it cannot be looked at."""


def is_plain(text: str) -> bool:
    """Say that a text outside ASCII is spelled as it would be in every other document."""
    return unicodedata.is_normalized("NFKC", text) and _INVISIBLE.search(text) is None


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
    """Say whether *text* holds base64 or hexadecimal of something readable.

    Whatever it is: a word that a page, a site or a campaign is called by hides nothing.
    """
    return bool(_base64(text) or _hexadecimal(text))


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
    return _ESCAPE.sub(_character, _BYTES.sub(_characters, text)) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    point = int(match[match.lastindex or 0], 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else match[0]


def _characters(match: re.Match[str]) -> str:
    data = binascii.unhexlify(re.sub(r"\\[xX]", "", match[0]))
    return _as_text(data) or data.decode("latin-1")


def _punycode(text: str) -> str:
    return _PUNYCODE.sub(_label, text) if "--" in text else text


def _label(match: re.Match[str]) -> str:
    try:
        label = match[1].encode("ascii").decode("punycode")
    except UnicodeError:
        return match[0]
    return match[0] if _SURROGATE.search(label) else label


def _compatible(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


def _base64(text: str) -> str:
    whole = (_from_base64(token) for token in _LONG_BASE64.findall(text))
    return _lines(whole, _runs(text, _BASE64, width=4, decode=_from_base64))


def _from_base64(run: str) -> str:
    whole = run[: len(run) - (len(run) % 4 == 1)].translate(_URL_ALPHABET)
    return _as_text(binascii.a2b_base64(whole + "=" * (-len(whole) % 4)))


def _hexadecimal(text: str) -> str:
    whole = (_from_hexadecimal(token) for token in _LONG_HEXADECIMAL.findall(text))
    return _lines(whole, _runs(text, _HEXADECIMAL, width=2, decode=_from_hexadecimal))


def _from_hexadecimal(run: str) -> str:
    return _as_text(binascii.unhexlify(run[: len(run) & ~1]))


def _lines(*found: Iterable[str]) -> str:
    """Put each decoded value on a line of its own, where no number runs into the next."""
    return "\n".join(dict.fromkeys(value for values in found for value in values if value))


def _runs(
    text: str, shape: re.Pattern[str], *, width: int, decode: Callable[[str], str]
) -> Iterator[str]:
    """Decode every run of *shape*, wherever it begins; a run's own tail is no second run."""
    reached = [0] * width
    for match in shape.finditer(text):
        phase = match.start() % width
        if match.start() >= reached[phase]:
            reached[phase] = match.end(1) - len(match[1]) % width
            yield decode(match[1])


def _as_text(data: bytes) -> str:
    """Give *data* as text, or nothing where most of it is noise, as in a random token."""
    text = data.decode("utf-8", "replace")
    return text if text.count("\ufffd") <= 1 + len(text) // 10 else ""


_URL_ALPHABET: Final = str.maketrans("-_", "+/")
_STEPS: Final[tuple[Callable[[str], str], ...]] = (
    _percent, _plus, _entities, _escapes, _punycode, _compatible, _base64, _hexadecimal,
)  # fmt: skip
