"""How is a request body read without trusting its size, its encoding or its label?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from isal import isal_zlib

from gateway.errors import BodyInvalid, BodyTooLarge

GZIP_WINDOW = 31  # zlib's number for a gzip header and the largest window
Receive = Callable[[], Awaitable[Any]]


async def read(receive: Receive, *, limit: int) -> bytes:
    """Read a body of at most *limit* bytes as it was sent.

    Raises:
        BodyTooLarge: more came; the rest is not read.
        BodyInvalid: the client went away in the middle.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        return _bounded(whole, limit)
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise BodyInvalid("The connection closed before the body was whole.")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLarge("The body is larger than this path accepts.")
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def inflate(body: bytes, encoding: str, *, limit: int) -> bytes:
    """Undo ``Content-Encoding``; inflate to at most *limit* bytes, whatever the header promises.

    Raises:
        BodyTooLarge: the inflated body is over the limit (a gzip bomb stops here).
        BodyInvalid: the body is not what its encoding says, or the encoding is not gzip.
    """
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise BodyInvalid("The Content-Encoding is not supported; gzip or none was needed.")
    inflater = isal_zlib.decompressobj(wbits=GZIP_WINDOW)
    try:
        inflated: bytes = inflater.decompress(body, limit + 1)
    except isal_zlib.error as error:  # type: ignore[misc]  # the library ships no types
        raise BodyInvalid("The body is not valid gzip, though its header says so.") from error
    if len(inflated) > limit:
        raise BodyTooLarge("The body is larger than this path accepts once inflated.")
    if not inflater.eof or inflater.unused_data:
        raise BodyInvalid("The gzip body is cut short or followed by something else.")
    return inflated


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise BodyTooLarge("The body is larger than this path accepts.")
    return body
