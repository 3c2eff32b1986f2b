"""How is a document written that no JSON library would write?

Keys that stand twice, half a character, numbers beyond any,
bytes that are no UTF-8: all of it passes
through here as it is.  A writer of our own, so that a document may be wrong in one place only.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import Any, Final

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True)
class Raw:
    """Bytes that stand in the document as they are."""

    text: bytes


class Members(list[tuple[Any, Any]]):
    """An object as the list of its members, in which a key may stand twice."""


def members(value: Any) -> Members:
    """Give an object as its members."""
    return value if isinstance(value, Members) else Members(value.items())


def contained(text: bytes) -> bool:
    """Say that *text*, sound or not, is one element of an array and leaves its neighbours alone."""
    bare = _STRING.sub(b"0", text).strip()
    depth = 0
    for sign in bare:
        depth += (sign in b"{[") - (sign in b"}]")
        if depth < 0 or (depth == 0 and sign in b",") or sign in b'"':
            return False
    return depth == 0 and bool(bare)


def written(value: Any, roll: random.Random | None = None) -> bytes:
    """Write *value*; with dice, in any of the ways that mean the same."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict | Members):
        inner = [written(k, roll) + b":" + written(v, roll) for k, v in members(value)]
        return b"{" + _apart(inner, roll) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + _apart([written(each, roll) for each in value], roll) + b"]"
    escaped = roll is None or roll.random() < 0.9
    if isinstance(value, str) and roll is not None and roll.random() < 0.02:
        return b'"' + b"".join(b"\\u%04X" % unit for unit in _units(value)) + b'"'
    return json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


def _apart(parts: list[bytes], roll: random.Random | None) -> bytes:
    blank = b"" if roll is None or roll.random() < 0.9 else roll.choice([b" ", b"\n\t", b"\r\n "])
    return blank + (b"," + blank).join(parts) + blank


def _units(text: str) -> list[int]:
    data = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
