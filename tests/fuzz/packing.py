"""How does a body come to be packed, labelled and signed otherwise than it says?"""

from __future__ import annotations

import base64
import functools
import gzip
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.fuzz import octets

Headers = dict[str, str]
LABELS: Final = (
    "application/json", "application/json; charset=utf-8", "text/plain",
    "application/json;charset=utf-7",
    "application/x-www-form-urlencoded", "application/json; charset=utf-16", "multipart/form-data",
    "",
    "application/json; charset=\u00e9", "application/cbor", "x" * 4_000,
)  # fmt: skip
ENCODINGS: Final = (
    "gzip", "GZIP", " gzip ", "x-gzip", "gzip, gzip", "deflate", "br", "zstd", "identity", "",
    "gzip\u00a0",
    "gzip;q=1", "chunked", "x" * 4_000,
)  # fmt: skip


@dataclass
class Packed:
    """A body as it goes out, with the headers that speak of it."""

    body: bytes
    headers: Headers = field(default_factory=dict)


def packed(plain: bytes, roll: random.Random) -> Packed:
    """Pack *plain* rightly most of the time, and in some wrong way otherwise."""
    headers = {"content-type": roll.choice(LABELS) if roll.random() < 0.3 else LABELS[0]}
    way = roll.random()
    if way < 0.6:
        return Packed(plain, headers)
    headers["content-encoding"] = roll.choice(ENCODINGS) if way > 0.97 else "gzip"
    body = gzip.compress(plain, compresslevel=roll.choice([0, 1, 6]), mtime=0)
    if way < 0.9:
        return Packed(body, headers)
    return Packed(roll.choice(WAYS)(body, plain, roll), headers)


def signed(key: str, roll: random.Random) -> Headers:
    """Give the headers by which a source says who it is; nearly always rightly."""
    basic = base64.b64encode(f"{key}:".encode()).decode()
    if roll.random() < 0.9:
        return {"authorization": f"Basic {basic}"}
    return {
        "authorization": roll.choice(
            [f"Bearer {key}", f"basic {basic}", f"Basic  {basic} ", f"Basic {basic[:-3]}",
            "Basic \xff",
             f"Bearer {key}\u00e9", "Digest x", f"Bearer {key[:-1]}", "", f"Basic {basic}=="]
        )
    }  # fmt: skip


def _cut(body: bytes, _: bytes, roll: random.Random) -> bytes:
    return body[: roll.randrange(len(body))]


def _followed(body: bytes, _: bytes, roll: random.Random) -> bytes:
    return body + roll.choice([b"\0", b"\0" * 512, b"more", body[:10], b"\x1f\x8b"])


def _two_members(_: bytes, plain: bytes, roll: random.Random) -> bytes:
    at = roll.randrange(len(plain) + 1)
    return gzip.compress(plain[:at], mtime=0) + gzip.compress(plain[at:], mtime=0)


def _twice(body: bytes, _: bytes, __: random.Random) -> bytes:
    return gzip.compress(body, mtime=0)


def _spoiled(body: bytes, _: bytes, roll: random.Random) -> bytes:
    return octets.spoiled(body, roll)


def _wrong_sum(body: bytes, _: bytes, roll: random.Random) -> bytes:
    return body[:-8] + roll.choice([bytes(8), body[-4:] + body[-8:-4], b"\xff" * 8])


def _flagged(body: bytes, _: bytes, roll: random.Random) -> bytes:
    """Set the flags of the head: a name, a comment, extra fields, a sum of the head."""
    extra = roll.choice(
        [b"", b"name\0", b"\xff\xff" + b"x" * 65_535, b"\x04\x00abcd", b"x" * 5_000]
    )
    return body[:3] + bytes([roll.randrange(256)]) + body[4:10] + extra + body[10:]


def _other_format(_: bytes, plain: bytes, roll: random.Random) -> bytes:
    deflated = zlib.compress(plain)
    return roll.choice([deflated, deflated[2:-4], plain, b"", b"\x1f\x8b"])


def _bomb(_: bytes, __: bytes, roll: random.Random) -> bytes:
    return bomb(roll.choice([600_000, 4_000_000, 50_000_000]))


@functools.cache
def bomb(size: int) -> bytes:
    """Give a small body that becomes *size* bytes of a batch."""
    return gzip.compress(b'{"batch": [' + b"0," * (size // 2), mtime=0)


WAYS: Final[tuple[Callable[[bytes, bytes, random.Random], bytes], ...]] = (
    _cut, _followed, _two_members, _twice, _spoiled, _wrong_sum, _flagged, _other_format, _bomb,
)  # fmt: skip
