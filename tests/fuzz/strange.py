"""What may stand where something sensible was expected?  Values that programs trip over."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.fuzz.writing import Raw
from tests.support.canaries import ENCODINGS

PLAIN: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 7, 1.5, "", " ", "x", "0", "-1", "null", "undefined", "NaN", [],
    {},
    [None], [[]], {"": None}, [{}], {"a": {"b": []}}, "true", "[object Object]", "../../etc/passwd",
)  # fmt: skip
NUMBERS: Final = (
    "1e-400", "5e-324", "1.7976931348623157e308", "-0", "-0.0", "0.1", "1E+22", "9007199254740993",
    "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "1e15", "-1e-999999999", "12345678901234567890.12345678901234567890", "0." + "3" * 2_000,
    "1e40",
    "100000000000000000000000000000000000000001", "33199004127", "1e8", "0.005",
    "92233720368547758.07", "6e16", "9999999999.99", "1e10", "1.005", "-1815",
)  # fmt: skip
BROKEN_NUMBERS: Final = (
    "1e400", "-1e400", "1e999999999", "NaN", "Infinity", "-Infinity", "00", "01", "1.", ".5", "+1",
    "0x10",
    "1e", "1_000", "9" * 400, "-" + "9" * 5_000, "1" + "0" * 309,
)  # fmt: skip
TEXTS: Final = (
    rb'"\ud83d\ude00"', rb'"\u0000"', rb'"a\u0000b"', b'"\xef\xbb\xbfx"', rb'"\ufeff"',
    rb'"\uffff"',
    rb'"\u202e\u200b\u2066"', rb'"\u0130\u0131\u017f\u212a"', rb'"\ufdfa\ufdfa\ufdfa"',
    rb'"\"\\\"]},{["',
    b'"\xcc\x81\xcc\x81e\xcc\x81"', b'"%"', b'"%%%"', b'"%u0041%zz%"', b'"&#x110000;&#0;&amp"',
    b'"//"',
    b'"\\\\u{110000}"', b'"\\\\ud800"', b'"\xf4\x8f\xbf\xbf"', rb'"\/\b\f\n\r\t"',
    b'"\xc2\x80\xc2\x9f"',
)  # fmt: skip
BROKEN: Final = (
    rb'"\ud800"', rb'"\udfff"', rb'"\udc00\ud800"', rb'"a\ud83d"', b'"a\0b"', b'"\x01"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5"', b'"\xe2\x82"', rb'"\x"', rb'"\u12"', b'"\n"', b'"',
    b"'x'", b"x", b"", b"undefined", b"\xff", b"tru", b"nul", b"//", b"#",
    b'"%', b"{]", b"[}", b",", b"01",
)  # fmt: skip
TIMES: Final[tuple[Any, ...]] = (
    "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+23:59", "0001-01-01",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59", "+275760-09-13T00:00:00.000Z", "-000001-01-01T00:00:00Z",
    "2024-W09-4",
    "1969-12-31T23:59:59Z", "1601-01-01T00:00:00Z", "2000-01-01T00:00:00Z", "2024-02-30T00:00:00Z",
    "2024-02-29T24:00:00Z", "2024-02-29T23:59:60Z", "2024-02-29T12:00:00+99:99", "20240229T120000Z",
    "2024-02-29T12:00:00.1234567890123Z", "2024-02-29 12:00", "now", "tomorrow", "12", "1e9",
    "\u0662",
    1709208000, 1709208000000, 1709208000000000, -1709208000000, 1e14, 1e15, 1e308, 0, -1, True,
    None,
    "2024-02-29T12:00:00Z\u0000", "2024-02-29T12:00:00\u2007Z", "\uff12\uff10\uff12\uff14-02-29",
)  # fmt: skip
KEYS: Final = (
    "__proto__", "constructor", "toString", "$set", "a.b", "", " ", "userId ", "USERID", "type",
    "event", "batch", "context", "consent", "traits", "properties", "\u0000", "\u202eepyt",
    "%74ype",
    "\uff54\uff59\uff50\uff45", "x" * 2_000, "categoryPreferences", "messageId", "url", "price",
)  # fmt: skip
DEPTHS: Final = (1, 2, 15, 16, 17, 100, 500, 990, 1_000, 1_100, 3_000, 15_000)
LENGTHS: Final = (1, 63, 64, 65, 254, 255, 256, 257, 1_000, 2_048, 2_049, 10_000, 33_000)


def number(roll: random.Random) -> Any:
    """Give a number that is none, or that fits nowhere."""
    said = roll.choice(BROKEN_NUMBERS if roll.random() < 0.15 else NUMBERS)
    return Raw(said.encode()) if roll.random() < 0.7 else said


def text(roll: random.Random) -> Any:
    """Give a text that is none, or that is not what it looks like."""
    return Raw(roll.choice(BROKEN if roll.random() < 0.15 else TEXTS))


def time(roll: random.Random) -> Any:
    """Give an instant that nobody meant."""
    return roll.choice(TIMES)


def deep(roll: random.Random) -> Any:
    """Give brackets within brackets, sometimes without an end."""
    depth = roll.choice(DEPTHS)
    opening, closing = roll.choice([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
    return Raw(opening * depth + b"1" + closing * (depth if roll.random() < 0.9 else depth - 1))


def long(roll: random.Random) -> Any:
    """Give a long text of one sign, or of what takes a reader long."""
    length = roll.choice(LENGTHS)
    unit = roll.choice(
        ["x", "0", "é", "\u0301", "\ufdfa", "\U0001f600", " ", "%25", "&amp;", "a@", "QUJD", "4142",
         "/", "a.", "-", "1 ", "\\u0041", "\u200d", "+", "(", "\uff41"]
    )  # fmt: skip
    return (unit * (length // len(unit) + 1))[:length]


def wide(roll: random.Random) -> Any:
    """Give very many members or elements."""
    count = roll.choice([17, 100, 1_000, 3_000])
    if roll.random() < 0.5:
        return [roll.choice(PLAIN)] * count
    return {f"{roll.choice(KEYS)[:20]}{place}": place for place in range(count)}


def respelled(said: str, roll: random.Random) -> str:
    """Give *said* as a browser, a log or a careless script would have wrapped it."""
    return ENCODINGS[roll.choice(list(ENCODINGS))](said)


def anything(roll: random.Random) -> Any:
    """Give a value of any of these sorts."""
    return roll.choice(SORTS)(roll)


SORTS: Final[tuple[Callable[[random.Random], Any], ...]] = (
    lambda roll: roll.choice(PLAIN), number, text, time, deep, long, wide,
)  # fmt: skip
