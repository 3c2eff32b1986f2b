"""What is read before anybody knows who sent it: bodies, packed and plain, and who signs."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
from datetime import UTC, datetime
from typing import Final

from gateway.authentication import key_in_header
from gateway.errors import BodyInvalid, BodyTooLarge, CredentialMissing
from gateway.ingest.body import inflate
from gateway.ingest.dialects import segment
from gateway.middleware import MAX_DEPTH, _too_deep
from tests.fuzz import oracle
from tests.fuzz.packing import bomb
from tests.fuzz.payloads import calls
from tests.fuzz.writing import written
from tests.support.canaries import CONTROL

NOW: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
NOW_US: Final = int(NOW.timestamp()) * 1_000_000
CALLS: Final = (*segment.KINDS, *segment.BATCHES)
# The inflater doubles its room until it holds the limit; a bomb wants a hundred times that.
ROOM_BYTES: Final = 4 * segment.MAX_BATCH_BYTES


def dialect(data: bytes) -> None:
    """A body is decoded, or refused by name; each event in it is there or counted."""
    call, body = CALLS[data[0] % len(CALLS)] if data else "track", data[1:]
    key = segment.write_key(body)
    assert key is None or isinstance(key, str)
    try:
        decoded = segment.decode(call, body, NOW_US)
    except (BodyInvalid, BodyTooLarge):
        assert not oracle.must_be_taken(call, body), "refused, though of the documented form"
        return
    found = len(decoded.events) + sum(decoded.refused.values())
    assert oracle.events_in(call, body) in (None, found), f"{found} events are accounted for"
    for event in decoded.events:
        assert isinstance(event.at_us, int)
        assert event.identifiers
        assert event.categories is None or set(map(type, event.categories.values())) <= {bool}


def dialect_seeds() -> list[bytes]:
    items = [written(call) for call in calls(CONTROL, NOW)]
    batches = [b'{"batch":[' + b",".join(items[at : at + 3]) + b"]}" for at in (0, 3, 9)]
    broken = b'{"sentAt":null,"batch":[' + items[0] + b',{"a":NaN},' + items[1] + b'],"context":{}}'
    batch = bytes([CALLS.index("batch")])
    return [*(b"\0" + item for item in items), *(batch + each for each in (*batches, broken))]


def packed(data: bytes) -> None:
    """What is inflated is what zlib gives, of bounded size, in bounded room."""
    tracemalloc.start()
    try:
        with contextlib.suppress(BodyInvalid, BodyTooLarge):
            found = inflate(data, "gzip", limit=segment.MAX_BATCH_BYTES)
            assert len(found) <= segment.MAX_BATCH_BYTES
            assert found == oracle.inflated(data), "zlib gives something else"
        room = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert room <= ROOM_BYTES, f"took {room} bytes"


def packed_seeds() -> list[bytes]:
    plain = dialect_seeds()[-1][1:]
    whole = gzip.compress(plain, mtime=0)
    named = whole[:3] + b"\x08" + whole[4:10] + b"body.json\0" + whole[10:]
    stored = gzip.compress(plain, compresslevel=0, mtime=0)
    return [whole, named, stored, whole + whole, whole[:-4], bomb(4_000_000), bomb(50_000_000)]


def signature(data: bytes) -> None:
    """A header of any bytes gives a scheme and perhaps a key, or is none of ours."""
    with contextlib.suppress(CredentialMissing):
        scheme, key = key_in_header(data.decode("latin-1"))
        assert scheme in ("basic", "bearer")
        assert key is None or key


def signature_seeds() -> list[bytes]:
    return [b"Basic cGtfYV9iOg==", b"Bearer pk_a_b", b"basic \xff", b"Digest x", b"Basic"]


def nesting(data: bytes) -> None:
    """A body that is not called too deep is not too deep for a parser that counts."""
    if oracle.depth_of(data) > MAX_DEPTH:
        assert _too_deep(data)


def nesting_seeds() -> list[bytes]:
    return [b"[" * 17 + b"]" * 17, b'{"a":' * 16 + b"[]" + b"}" * 16, b'{"a\\"[":"]}","b":[[{}]]}']
