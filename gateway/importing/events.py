"""How does a row become the same wire event a request would have brought?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.importing.files import Row
from gateway.importing.mapping import Map, Reading
from gateway.ingest.clock import instant_us
from gateway.ingest.dialects.context import Context, others
from gateway.ingest.wire import Assertion, Decoded, WireEvent
from policies.decisions import Reason
from policies.vocabulary import EventKind


def take(
    decoded: Decoded, row: Row | None, map_: Map, message_id: str, assertion: Assertion | None
) -> None:
    """Add the event of *row* to *decoded*, or count why there is none."""
    if row is None:
        decoded.refuse(Reason.EVENT_INVALID)
        return
    kind = _said(map_.kind, row)
    if kind not in set(EventKind):
        decoded.refuse(Reason.TYPE_UNKNOWN)
        return
    identifiers = tuple(
        (name, text)
        for name, column in map_.identifiers.items()
        if (text := _text(row.get(column)))
    )
    if not identifiers:
        decoded.refuse(Reason.IDENTIFIER_MISSING)
        return
    at_us = _instant(row.get(map_.time), map_)
    if at_us is None:
        decoded.refuse(Reason.TIME_INVALID)
        return
    parts = _parts(map_, row)
    decoded.events.append(
        WireEvent(
            kind=kind,
            name=_said(map_.event, row) if map_.event else "",
            identifiers=identifiers[:1],
            links=identifiers if kind == EventKind.IDENTIFY and len(identifiers) > 1 else (),
            message_id=message_id,
            at_us=at_us,
            categories=None,
            explicit_act=False,
            parts=parts,
            assertion=assertion,
            also=tuple(text for _, text in identifiers[1:]),
            said=others(Context(consent=parts["context"].get("consent"))),
        )
    )


def _said(reading: Reading, row: Row) -> str:
    if reading.column is None:
        return reading.constant or ""
    said = _text(row.get(reading.column)) or ""
    return reading.values.get(said, said)


def _text(value: Any) -> str | None:  # noqa: ANN401  # a cell is anything
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _instant(value: Any, map_: Map) -> int | None:  # noqa: ANN401
    """Read an instant; one without a zone is local time of the map's zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        local = value if value.tzinfo else value.replace(tzinfo=map_.zone)
        return instant_us(local.isoformat())
    return instant_us(value) if isinstance(value, int | float) else None


def _parts(map_: Map, row: Row) -> dict[str, Any]:
    parts: dict[str, Any] = {"properties": {}, "traits": {}, "context": {}}
    for (root, *path, last), column in map_.fields.items():
        value = row.get(column)
        if value is None or value == "":
            continue
        place = parts[root]
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return parts
