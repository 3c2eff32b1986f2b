"""Base64 and hexadecimal: runs of letters and digits that are bytes, and the text in them.

A run may be broken: mail breaks base64 into lines, people and debuggers put blanks or ``0x``
between bytes.  Blanks are also what ordinary words have between them, so that broken runs must be
longer.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

# Base64 of printable ASCII has a shape: the first character of each four holds six high bits of a
# byte from 0x20 to 0x7e, and so on.  Two such groups are six characters, the shortest address there
# is (a@b.fr); ordinary words rarely have the shape, so that the scan stays quiet.
_FOUR: Final = (
    "[I-Za-f]", "[C-HS-Xi-ny-z0-3]", "[ABEFIJMNQRUVYZcdghklopstwx014589]", "[A-Za-z0-9+/_-]",
)  # fmt: skip
_QUAD: Final = "".join(_FOUR)
_HEX: Final = "[2-7][0-9A-Fa-f]"
# With a capital first, as nearly every address has somewhere: words in small letters pass.
_APART: Final = [rf"{each}[ \t\r\n]{{0,3}}" for each in _FOUR]
_BROKEN: Final = "".join(["[I-Z]", _APART[0].removeprefix(_FOUR[0]), *_APART[1:], *_APART * 2])
_PAIR: Final = rf"(?:0[xX])?{_HEX}"
_PAIRS: Final = rf"(?:{_PAIR}[\s,;:-]{{0,3}}){{5}}{_PAIR}"

SIGNS: Final = (
    f"(?:{_QUAD}){{2}}",
    f"(?:{_HEX}){{6}}",
    _BROKEN,
    _PAIRS,
    # Either of the two again, of text outside ASCII: long, or (full-width letters) in fours.
    "[A-Za-z0-9]{20}",
    "(?:[+/_-][A-Za-z0-9]{3}){4}",
)

_BASE64: Final = re.compile(f"(?=((?:{_QUAD}){{2,}}[A-Za-z0-9+/_-]{{0,3}}))")
_HEXADECIMAL: Final = re.compile(f"(?=((?:{_HEX}){{6,}}))")
_LONG_BASE64: Final = re.compile("[A-Za-z0-9+/_-]{20,}")
_LONG_HEXADECIMAL: Final = re.compile("[0-9A-Fa-f]{20,}")
_BROKEN_BASE64: Final = re.compile(_BROKEN)
_TWO_LINES: Final = re.compile(r"[A-Za-z0-9+/_-]{20}[ \t\r\n]{1,3}[A-Za-z0-9+/_-]{8}")
_BREAK: Final = re.compile(r"(?<=[A-Za-z0-9+/_-])[ \t\r\n]{1,3}(?=[A-Za-z0-9+/_=-])")
_BROKEN_HEXADECIMAL: Final = re.compile(
    rf"(?:{_PAIR}[\s,;:-]{{0,3}}){{5}}(?:(?:0[xX])?[2-9A-Fa-f][0-9A-Fa-f][\s,;:-]{{0,3}})+"
)
_NO_HEX: Final = re.compile("0[xX]|[^0-9A-Fa-f]")
_BLANK: Final = re.compile("[ \t\r\n]")
_MARKS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_URL_ALPHABET: Final = str.maketrans("-_", "+/")


def in_one_piece(text: str) -> str:
    """Give what base64 and hexadecimal in *text* say that nothing breaks."""
    return _lines(_whole_base64(text), _whole_hexadecimal(text))


def base64(text: str) -> str:
    """Give what base64 in *text* says, whole or broken by blanks and line ends."""
    return _lines(_whole_base64(text), _broken_base64(text))


def hexadecimal(text: str) -> str:
    """Give what hexadecimal in *text* says, whole or broken between its bytes."""
    return _lines(_whole_hexadecimal(text), _broken_hexadecimal(text))


def as_text(data: bytes) -> str:
    """Give *data* as text, or nothing where most of it is noise, as in a random token."""
    text = data.decode(_encoding(data), "replace").removeprefix("\ufeff")
    return text if text.count("\ufffd") <= 1 + len(text) // 10 else ""


def _encoding(data: bytes) -> str:
    """Tell UTF-16 by its mark, or by every other byte being zero, as in most of it here."""
    if data[:2] in _MARKS:
        return _MARKS[data[:2]]
    if data.count(0) * 3 < len(data) or len(data) < 4:
        return "utf-8"
    return "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"


def _whole_base64(text: str) -> Iterator[str]:
    yield from map(_from_base64, _LONG_BASE64.findall(text))
    yield from _runs(text, _BASE64, width=4, decode=_from_base64)


def _broken_base64(text: str) -> Iterator[str]:
    """Decode what is base64 once its breaks are gone; words around it then run into it."""
    shaped = _BROKEN_BASE64.finditer(text)
    if _TWO_LINES.search(text) or any(_BLANK.search(match[0].strip()) for match in shaped):
        yield from _whole_base64(_BREAK.sub("", text))


def _from_base64(run: str) -> str:
    whole = run[: len(run) - (len(run) % 4 == 1)].translate(_URL_ALPHABET)
    return as_text(binascii.a2b_base64(whole + "=" * (-len(whole) % 4)))


def _whole_hexadecimal(text: str) -> Iterator[str]:
    yield from map(_from_hexadecimal, _LONG_HEXADECIMAL.findall(text))
    yield from _runs(text, _HEXADECIMAL, width=2, decode=_from_hexadecimal)


def _broken_hexadecimal(text: str) -> Iterator[str]:
    for match in _BROKEN_HEXADECIMAL.finditer(text):
        data = binascii.unhexlify(_NO_HEX.sub("", match[0]))
        if list(data) != sorted(set(data)):  # sizes on a shelf, "30 31 32 ...", say nothing
            yield as_text(data)


def _from_hexadecimal(run: str) -> str:
    return as_text(binascii.unhexlify(run[: len(run) & ~1]))


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
