"""How does the Segment HTTP tracking dialect say an event?

Facts are in the published API description; what matters here: success is 200
with a JSON body and nothing else; a refused event inside a batch never fails
its neighbours; ``Content-Type`` is not trusted.  Decoding is typed and
allow-listed: what no purpose can need is never built in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from gateway.errors import BodyInvalid, BodyTooLarge
from gateway.ingest.clock import corrected_us, instant_us
from gateway.ingest.dialects.context import Context, categories, merged, others
from gateway.ingest.dialects.salvage import salvage
from gateway.ingest.wire import OBJECTS, Decoded, Said, WireEvent
from policies.decisions import Reason

SUCCESS: Final = b'{"success":true}'
MAX_EVENT_BYTES: Final = 32 * 1024
MAX_BATCH_BYTES: Final = 500 * 1024
MAX_BATCH_EVENTS: Final = 2_500
MAX_MESSAGE_ID: Final = 256  # the protocol says 100; SDKs in use send a little more
KINDS: Final = {
    "track": "track", "identify": "identify", "page": "page", "screen": "screen",
    "group": "group", "alias": "alias",
    "t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias",
}  # fmt: skip
BATCHES: Final = ("batch", "b", "import")
PREFERENCE_EVENT: Final = "Segment Consent Preference Updated"

Identifier = str | int | None
_NAMING: Final = (str, int)  # a union would be made anew for each event


class Item(msgspec.Struct, gc=False):
    """One call, single or inside a batch."""

    type: str | None = None
    userId: Identifier = None  # noqa: N815
    anonymousId: Identifier = None  # noqa: N815
    previousId: Identifier = None  # noqa: N815
    groupId: Any = None  # noqa: N815
    event: str | None = None
    name: str | None = None
    category: str | None = None
    messageId: str | None = None  # noqa: N815
    timestamp: str | float | None = None
    originalTimestamp: str | float | None = None  # noqa: N815
    sentAt: str | float | None = None  # noqa: N815
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Context | None = None

    def __repr__(self) -> str:
        return "Item(…)"


class Batch(msgspec.Struct):
    """The outer object of a batch: items stay raw, so that one bad item is one refusal."""

    batch: list[msgspec.Raw] | None = None
    context: Context | None = None
    sentAt: str | float | None = None  # noqa: N815


class _Around(NamedTuple):
    """What surrounds an item: its batch's context, when it was sent, when it came.

    ``said`` is what the batch and the request's headers say about consent.
    """

    context: Context | None
    sent_us: int | None
    received_us: int
    said: tuple[Said, ...]


class _Keyed(msgspec.Struct):
    writeKey: str | None = None  # noqa: N815


_ITEM = msgspec.json.Decoder(Item)
_BATCH = msgspec.json.Decoder(Batch)
_KEYED = msgspec.json.Decoder(_Keyed)
# What a decoder may raise on bytes from outside; UnicodeDecodeError is a ValueError.
MALFORMED: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def write_key(body: bytes) -> str | None:
    """Give the member ``writeKey`` of *body*, if the body says one."""
    try:
        return _KEYED.decode(body).writeKey
    except MALFORMED:
        return None


def decode(call: str, body: bytes, received_us: int, *, objects: bool = False) -> Decoded:
    """Decode the body of ``/v1/<call>``.

    Args:
        call: which of the paths.
        body: inflated.
        received_us: when it came.
        objects: whether the request came with Global Privacy Control.

    Raises:
        BodyInvalid: the body is not the JSON object this path reads.
        BodyTooLarge: the call or batch is over the documented limit.
    """
    said = (OBJECTS,) if objects else ()
    if call in BATCHES:
        return _batch(body, received_us, said)
    if len(body) > MAX_EVENT_BYTES:
        raise BodyTooLarge("One call is larger than 32 KB; send less in it.")
    decoded = Decoded(raw_bytes=len(body))
    try:
        item = _ITEM.decode(body)
    except MALFORMED:
        _require_object(body)
        decoded.refuse(Reason.EVENT_INVALID)
        return decoded
    _take(decoded, item, KINDS[call], _Around(None, None, received_us, said))
    return decoded


def _require_object(body: bytes) -> None:
    """Tell invalid JSON, which is the sender's error, from a wrong member, which is a refusal."""
    try:
        whole = msgspec.json.decode(body)
    except MALFORMED as error:
        raise BodyInvalid("The body is not valid JSON; one JSON object was needed.") from error
    if not isinstance(whole, dict):
        raise BodyInvalid("The body is valid JSON but not an object; one object was needed.")


def _batch(body: bytes, received_us: int, said: tuple[Said, ...]) -> Decoded:
    if len(body) > MAX_BATCH_BYTES:
        raise BodyTooLarge("The batch is larger than 500 KB; send fewer events in it.")
    outer, items = _cut(body)
    decoded = Decoded(raw_bytes=len(body))
    if len(items) > MAX_BATCH_EVENTS:
        decoded.refuse(Reason.BATCH_TOO_LONG, len(items))
        return decoded
    said += others(outer.context)
    around = _Around(outer.context, instant_us(outer.sentAt), received_us, said)
    may_be_large = len(body) > MAX_EVENT_BYTES
    for raw in items:
        if may_be_large and len(memoryview(raw)) > MAX_EVENT_BYTES:
            decoded.refuse(Reason.TOO_LARGE)
            continue
        try:
            item = _ITEM.decode(raw)
        except MALFORMED:
            decoded.refuse(Reason.EVENT_INVALID)
            continue
        kind = KINDS.get(item.type or "") if item.type and len(item.type) > 1 else None
        if kind is None:
            decoded.refuse(Reason.TYPE_UNKNOWN)
        else:
            _take(decoded, item, kind, around)
    return decoded


def _cut(body: bytes) -> tuple[Batch, Sequence[bytes | msgspec.Raw]]:
    """Give the outer object and the raw items, saved one by one where decoding gives up."""
    try:
        outer = _BATCH.decode(body)
    except MALFORMED as error:
        saved = salvage(body)
        try:
            outer = Batch() if saved is None else _BATCH.decode(saved.outer)
        except MALFORMED:
            outer = Batch()
        # Anything else than the array left empty is a second one, its name spelled in escapes.
        if saved is None or outer.batch != []:
            raise BodyInvalid("The body is not a JSON object with one array `batch`.") from error
        return outer, saved.items
    if outer.batch is None:  # one call sent where batches go would be lost without a word
        raise BodyInvalid("The body has no array `batch`; one was needed, if an empty one.")
    return outer, outer.batch


def _take(decoded: Decoded, item: Item, kind: str, around: _Around) -> None:
    """Turn *item* into a wire event, or count why not."""
    identifiers, links = _identifiers(item, kind)
    if not identifiers:
        decoded.refuse(Reason.IDENTIFIER_MISSING)
        return
    if item.messageId is not None and len(item.messageId) > MAX_MESSAGE_ID:
        decoded.refuse(Reason.EVENT_INVALID)
        return
    at_us = _instant(item, around)
    if at_us is None:
        decoded.refuse(Reason.TIME_INVALID)
        return
    context = merged(item.context, around.context)
    decoded.events.append(
        WireEvent(
            kind=kind,
            name=(item.event if kind == "track" else item.name) or "",
            identifiers=identifiers,
            links=links,
            message_id=item.messageId or None,
            at_us=at_us,
            categories=categories(context),
            explicit_act=kind == "track" and item.event == PREFERENCE_EVENT,
            parts={
                "properties": item.properties or {},
                "traits": item.traits or {},
                "name": item.name,
                "category": item.category,
                "context": context,
            },
            also=_also(item),
            said=others(item.context) + around.said,
        )
    )


def _identifiers(
    item: Item, kind: str
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Give the identifiers that name the subject, and those asserted to be the same person."""
    user, anonymous = item.userId, item.anonymousId
    named = []
    if user is not None and user != "":
        named.append(("user_id", str(user)))
        if kind != "identify" and kind != "alias":  # noqa: PLR1714  # a tuple takes twice as long
            return tuple(named), ()
    if anonymous is not None and anonymous != "":
        named.append(("anonymous_id", str(anonymous)))
    if kind == "identify":
        links = list(named)
        traits = item.traits or {}
        for trait in ("email", "phone"):
            value = traits.get(trait)
            if isinstance(value, str) and value:
                links.append((trait, value))
        return tuple(named[:1]), tuple(links) if len(links) > 1 else ()
    if kind == "alias" and named and item.previousId not in (None, ""):
        previous = str(item.previousId)
        return tuple(named[:1]), (named[0], ("anonymous_id", previous), ("user_id", previous))
    return tuple(named[:1]), ()


def _also(item: Item) -> tuple[str, ...]:
    """Give what the call names its sender by and nobody is looked up by."""
    others = (item.anonymousId, item.previousId, item.groupId)
    return tuple([str(other) for other in others if isinstance(other, _NAMING)])


def _instant(item: Item, around: _Around) -> int | None:
    said = item.originalTimestamp if item.originalTimestamp is not None else item.timestamp
    if said is None:
        return around.received_us
    original_us = instant_us(said)
    if original_us is None:
        return None
    sent_us = around.sent_us if item.sentAt is None else instant_us(item.sentAt)
    return corrected_us(original_us, sent_us, around.received_us)
