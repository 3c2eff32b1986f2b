"""Bodies are bounded before and after gunzip."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from gateway.errors import BodyInvalid, BodyTooLarge
from gateway.ingest.body import inflate, read

LIMIT = 1000


def receiving(*messages: dict[str, Any]) -> Any:
    queue = list(messages)

    async def receive() -> dict[str, Any]:
        return queue.pop(0)

    return receive


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_parts_are_joined() -> None:
    parts = receiving(body(b"a", more=True), body(b"b", more=True), body(b"c"))
    assert asyncio.run(read(parts, limit=LIMIT)) == b"abc"


def test_reading_stops_at_the_limit() -> None:
    endless = receiving(*(body(b"x" * 400, more=True) for _ in range(4)))
    with pytest.raises(BodyTooLarge):
        asyncio.run(read(endless, limit=LIMIT))


def test_a_client_that_goes_away_is_no_whole_body() -> None:
    gone = receiving(body(b"x", more=True), {"type": "http.disconnect"})
    with pytest.raises(BodyInvalid):
        asyncio.run(read(gone, limit=LIMIT))


def test_gzip_is_undone() -> None:
    assert inflate(gzip.compress(b"abc"), "gzip", limit=LIMIT) == b"abc"


def test_a_gzip_bomb_stops_at_the_limit() -> None:
    with pytest.raises(BodyTooLarge):
        inflate(gzip.compress(b"\0" * 50_000_000), "gzip", limit=LIMIT)


@pytest.mark.parametrize(
    "sent",
    [b"", b"not gzip", gzip.compress(b"abc", mtime=0)[:-3], gzip.compress(b"a", mtime=0) + b"junk",
     gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0)],
)  # fmt: skip
def test_what_is_not_one_whole_gzip_stream_is_refused(sent: bytes) -> None:
    with pytest.raises(BodyInvalid):
        inflate(sent, "gzip", limit=LIMIT)


def test_another_encoding_is_refused_by_name() -> None:
    with pytest.raises(BodyInvalid, match="gzip or none"):
        inflate(b"abc", "br", limit=LIMIT)
