"""How are several values put into one MAC, KDF or signature input so that no two lists collide?

Plain concatenation lets ``("a1", "2")`` and ``("a", "12")`` meet (R-121).  Here the number of
parts comes first, then every part as type, length and content; the code is injective and no
encoding is the beginning of another.  ``tests/unit/pseudonymizer/test_encoding.py`` holds it.
"""

from __future__ import annotations

from struct import Struct

__all__ = ["enc", "enc_head", "enc_part", "enc_text"]

_COUNT = Struct(">H")
_HEAD = Struct(">cI")
_INTEGER = Struct(">cIq")


def enc(*parts: bytes | str | int) -> bytes:
    """Encode *parts* injectively; text as UTF-8, integers as 8 signed bytes.

    Raises:
        TypeError: a part is of another type; booleans are, to keep ``1`` and ``True`` apart.
        ValueError: an integer does not fit, or text holds a lone surrogate.
    """
    return enc_head(len(parts)) + b"".join(map(enc_part, parts))


def enc_head(count: int) -> bytes:
    """Give the first bytes of an encoding of *count* parts."""
    return _COUNT.pack(count)


def enc_text(text: str) -> bytes:
    """Encode one text part, for callers who keep the parts before it ready."""
    raw = text.encode()
    return _HEAD.pack(b"s", len(raw)) + raw


def enc_part(part: bytes | str | int) -> bytes:
    """Encode one part; raises what ``enc`` raises."""
    if isinstance(part, str):
        return enc_text(part)
    if isinstance(part, bytes):
        return _HEAD.pack(b"b", len(part)) + part
    if isinstance(part, bool) or not isinstance(part, int):
        raise TypeError("a part is neither bytes nor text nor an integer; encode it first")
    if not -(2**63) <= part < 2**63:
        raise ValueError("an integer part is wider than 8 bytes; send it as text")
    return _INTEGER.pack(b"i", 8, part)
