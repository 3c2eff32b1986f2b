"""How are bytes spoiled on their way?  Flipped, lost, repeated, cut, grafted."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

TOKENS: Final = (
    b"{", b"}", b"[", b"]",
    b'"', b"\\", b",", b":", b"\0", b"\xff", b"\xef\xbb\xbf", b"\\u0000", b"\\",
    b"\\ud800", b"null", b"true", b"-", b"e9999", b'"batch":[', b'"batch"', b'"type":"track",',
    b"]}",
    b"NaN", b"9" * 30, b"\xed\xa0\x80", b"%", b"@", b"&#", b"\r\n", b"}{", b'"":', b"\x1f\x8b\x08",
)  # fmt: skip
LARGEST: Final = 600_000  # a little over what any path reads


def spoiled(data: bytes, roll: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Give *data* with a few changes; *others* is what parts may be grafted from."""
    for _ in range(roll.choice([1, 1, 1, 2, 3, 8])):
        data = roll.choice(CHANGES)(data, roll, others)
    return data[:LARGEST]


def _span(data: bytes, roll: random.Random) -> tuple[int, int]:
    start = roll.randrange(len(data) + 1)
    return start, min(len(data), start + roll.choice([1, 1, 2, 4, 16, 100, 1_000]))


def _flip(data: bytes, roll: random.Random, _: Sequence[bytes]) -> bytes:
    if not data:
        return b"\0"
    at = roll.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << roll.randrange(8))]) + data[at + 1 :]


def _set(data: bytes, roll: random.Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, roll)
    return data[:start] + roll.randbytes(end - start) + data[end:]


def _lose(data: bytes, roll: random.Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, roll)
    return data[:start] + data[end:]


def _repeat(data: bytes, roll: random.Random, _: Sequence[bytes]) -> bytes:
    start, end = _span(data, roll)
    return data[:end] + data[start:end] * roll.choice([1, 1, 2, 50]) + data[end:]


def _insert(data: bytes, roll: random.Random, _: Sequence[bytes]) -> bytes:
    at = roll.randrange(len(data) + 1)
    return data[:at] + roll.choice(TOKENS) + data[at:]


def _cut(data: bytes, roll: random.Random, _: Sequence[bytes]) -> bytes:
    return data[: roll.randrange(len(data) + 1)]


def _graft(data: bytes, roll: random.Random, others: Sequence[bytes]) -> bytes:
    other = roll.choice(others) if others else data
    start, end = _span(other, roll)
    at, until = _span(data, roll)
    return data[:at] + other[start:end] + data[roll.choice([at, until]) :]


CHANGES: Final[tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...]] = (
    _flip, _flip, _set, _lose, _repeat, _insert, _insert, _cut, _graft,
)  # fmt: skip
