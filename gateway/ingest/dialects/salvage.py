"""How are the sound items of a batch saved from one that no decoder will read?

A lone surrogate, a byte that is no UTF-8 or a thousand brackets in one item
make a decoder give up on the whole document.  Here the items are cut apart by
their brackets alone, in one linear pass, so that each can be tried by itself.
Slow (20 ms for the largest batch), and only taken when decoding has failed.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# A string, or one of the signs that give a document its shape.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\],]', re.DOTALL)
_COLON: Final = re.compile(rb"\s*:\s*\[")


class Salvage(NamedTuple):
    """The items of a batch as raw bytes, and the document without them."""

    items: list[bytes]
    outer: bytes


def salvage(body: bytes) -> Salvage | None:
    """Cut the top-level array ``batch`` of *body* into items.

    ``None`` where there is none, and where ``batch`` stands twice: a decoder takes the last, this
    would take the first, and what the other held would be answered for and lost.
    """
    start = _batch(body, 0, depth=0)
    saved = None if start is None else _items(body, start)
    if start is None or saved is None or _batch(saved.outer, start, depth=2) is not None:
        return None
    return saved


def _batch(body: bytes, start: int, *, depth: int) -> int | None:
    """Give where the first element of the top-level array ``batch`` begins, looking from *start*.

    *depth* is how many brackets are open there.
    """
    for token in _TOKEN.finditer(body, start):
        sign = token.group()
        if depth == 1 and sign == b'"batch"':
            opening = _COLON.match(body, token.end())
            if opening is not None:
                return opening.end()
        depth += (sign in (b"{", b"[")) - (sign in (b"}", b"]"))
        if depth == 0:
            return None
    return None


def _items(body: bytes, start: int) -> Salvage | None:
    """Cut the array whose first element begins at *start*."""
    items: list[bytes] = []
    depth, begins = 0, start
    for token in _TOKEN.finditer(body, start):
        sign = token.group()
        if depth == 0 and sign in (b",", b"]"):
            item = body[begins : token.start()].strip()
            if item or items:
                items.append(item)
            begins = token.end()
            if sign == b"]":
                return Salvage(items, body[:start] + body[token.start() :])
        depth += (sign in (b"{", b"[")) - (sign in (b"}", b"]"))
        if depth < 0:
            return None
    return None
