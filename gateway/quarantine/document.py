"""What is sealed of a suspect event, and how does it become an event again?

As little as would have been kept of it: what the ledger allowed just now and the rulebook declares,
the names its sender goes by, which must not stay in any text, and what it says about consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from gateway.ingest.own import NAMING
from gateway.ingest.reaching import getters
from gateway.ingest.rules import EventPlan
from gateway.ingest.storing import Admitted
from gateway.ingest.wire import Assertion, Said, Signal, WireEvent
from policies.vocabulary import AgeBand

Pairs = tuple[tuple[str, str], ...]
FORM: Final = 1
_IN_CONTEXT: Final = ("context", "traits")


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """One event as it is sealed.

    ``suspects`` are properties of the rulebook whose text is suspect, each with the reason.
    """

    form: int
    number: int
    kind: str
    name: str
    identifiers: Pairs
    links: Pairs
    message_id: str
    at_us: int
    categories: dict[str, bool] | None
    explicit_act: bool
    parts: dict[str, Any]
    assertion: Assertion | None
    also: tuple[str, ...]
    said: list[tuple[str, Any]]
    suspects: dict[str, str]

    def __repr__(self) -> str:
        return "Document(…)"


_DECODER: Final = msgspec.json.Decoder(Document)


def written(admitted: Admitted, plan: EventPlan, number: int) -> bytes:
    """Give what is sealed of an event of *plan* under its *number*: what it was admitted for.

    Raises:
        TypeError, ValueError: a value of it has no form in JSON.
    """
    draft, purposes = admitted.draft, admitted.purposes
    event = draft.event
    return msgspec.json.encode(
        Document(
            form=FORM,
            number=number,
            kind=event.kind,
            name=event.name,
            identifiers=event.identifiers,
            links=event.links,
            # One without a name was given one: so it is stored once however often it is replayed,
            # and a replay can be held against the row, which was numbered by the same.
            message_id=draft.message,
            at_us=event.at_us,
            categories=None if event.categories is None else dict(event.categories),
            explicit_act=event.explicit_act,
            parts=_needed(event.parts, plan, purposes),
            assertion=event.assertion,
            also=event.also,
            said=[(kind.name, _plain(content)) for kind, content in event.said],
            suspects={name: str(each.why) for name, each in draft.suspects_for(purposes).items()},
        )
    )


def read(plain: bytes) -> Document:
    """Read what was sealed.

    Raises:
        ValueError: it is no document of ours, or of a later form.
    """
    document = _DECODER.decode(plain)
    if document.form != FORM:
        raise ValueError("the document has another form")
    return document


def event_of(document: Document) -> WireEvent:
    """Give the event that *document* tells of, as it came in."""
    return WireEvent(
        kind=document.kind,
        name=document.name,
        identifiers=document.identifiers,
        links=document.links,
        message_id=document.message_id,
        at_us=document.at_us,
        categories=document.categories,
        explicit_act=document.explicit_act,
        parts=document.parts,
        assertion=document.assertion,
        also=document.also,
        said=tuple(_said(name, content) for name, content in document.said),
    )


def without(document: Document, path: str) -> bool:
    """Take the field at *path*, such as ``properties.note``, out; say whether it was there."""
    *steps, last = path.split(".")
    at: Any = document.parts
    for step in steps:
        at = at.get(step) if isinstance(at, dict) else None
    if not isinstance(at, dict) or last not in at:
        return False
    del at[last]
    return True


def _needed(parts: Mapping[str, Any], plan: EventPlan, purposes: int) -> dict[str, Any]:
    """Give the raw values that are read for *purposes*, where they stood."""
    found: dict[str, Any] = {}
    amounts = False
    for item, get in _readers(parts, plan):
        raw = get(item.member)
        if raw is not None and item.purposes & purposes:
            amounts |= item.money
            _place(found, (*plan.holders[item.holder], item.member), raw)
    for holder in (("traits",), _IN_CONTEXT):
        (get,) = getters(parts, [holder])
        for name in NAMING:
            if isinstance(raw := get(name), str):
                _place(found, (*holder, name), raw)
    (get,) = getters(parts, [("properties",)])
    if amounts and (currency := get("currency")) is not None:
        _place(found, ("properties", "currency"), currency)
    return found


def _readers(parts: Mapping[str, Any], plan: EventPlan) -> Iterable[tuple[Any, Any]]:
    gets = getters(parts, plan.holders)
    return ((item, gets[item.holder]) for item in plan.properties)


def _place(found: dict[str, Any], path: tuple[str, ...], raw: object) -> None:
    at = found
    for step in path[:-1]:
        at = at.setdefault(step, {})
    at[path[-1]] = raw


def _plain(content: object) -> Any:  # noqa: ANN401  # of each signal another
    return sorted(content) if isinstance(content, frozenset) else content


def _said(name: str, content: Any) -> Said:  # noqa: ANN401  # likewise
    kind = Signal[name]
    if kind is Signal.AGE:
        return kind, AgeBand(content)
    if isinstance(content, list):
        return kind, frozenset((key, value) for key, value in content)
    return kind, content
