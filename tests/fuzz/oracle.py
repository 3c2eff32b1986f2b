"""What may be the answer to a request, judged by other parsers than the product's?"""

from __future__ import annotations

import json
import math
import zlib
from typing import Any, Final, NoReturn

BATCHES: Final = ("batch", "b", "import")
LARGEST_CALL: Final = 32 * 1024
LARGEST_BATCH: Final = 500 * 1024
DEEPEST: Final = 200  # decoders differ in what they call too deep; none calls this so
HARMLESS: Final = {"batch", "writeKey", "integrations"}  # beside a batch, whatever they are


class Unreadable(ValueError):
    """This body is none that has to be read."""


def plain(body: bytes, encoding: str) -> bytes | None:
    """Give *body* unpacked; ``None`` where it is not packed as its *encoding* says."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    return inflated(body) if encoding == "gzip" else None


def inflated(body: bytes, limit: int = LARGEST_BATCH) -> bytes | None:
    """Give what one gzip member holds; ``None`` where it is none, or holds more than *limit*."""
    inflater = zlib.decompressobj(31)
    # Bits that RFC 1952 reserves: ISA-L looks past them, zlib does not.
    sent = body[:3] + bytes(flags & 0x1F for flags in body[3:4]) + body[4:]
    try:
        found = inflater.decompress(sent, limit + 1)
    except zlib.error:
        return None
    whole = inflater.eof and not inflater.unused_data and len(found) <= limit
    return found if whole else None


def events_in(call: str, body: bytes, said: int | None = None) -> int | None:
    """Say how many events were sent, by a lenient parser; ``None`` where nobody can tell.

    *said* is how many whoever wrote the batch put there, where no parser reads it.
    """
    try:
        text = body.decode("utf-8", "surrogateescape")
        whole = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return said if call in BATCHES else None
    if not isinstance(whole, dict):
        return None
    if call not in BATCHES:
        return 1
    batch = whole.get("batch")
    return len(batch) if isinstance(batch, list) else None


def must_be_taken(call: str, body: bytes) -> bool:
    """Say that *body* is JSON of the documented form, so that 200 is the only answer."""
    if len(body) > (LARGEST_BATCH if call in BATCHES else LARGEST_CALL):
        return False
    try:
        whole = json.loads(
            body.decode(),
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_none,
            object_pairs_hook=_once,
        )
        json.dumps(whole, ensure_ascii=False).encode()  # half a character is refused here
    except (ValueError, RecursionError):
        return False
    if not isinstance(whole, dict) or _depth(whole) > DEEPEST:
        return False
    if call not in BATCHES:
        return True
    return isinstance(whole.get("batch"), list) and set(whole) <= HARMLESS


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give an object no key of which stands twice: what hides behind the second is not judged."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable
    return found


def _integer(text: str) -> int:
    if len(text) > 300:
        raise Unreadable
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Unreadable
    return number


def _none(_: str) -> NoReturn:
    raise Unreadable


def depth_of(body: bytes) -> int:
    """Say how many levels of brackets *body* has; 0 where it is no JSON."""
    try:
        return _depth(json.loads(body))
    except (ValueError, RecursionError):
        return 0


def _depth(value: Any) -> int:
    layer, depth = [value], 0
    while layer := [each for each in layer if isinstance(each, dict | list)]:
        depth += 1
        layer = [
            inner for each in layer for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth
