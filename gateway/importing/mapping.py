"""How does a column of a file become a member of an event?  A small YAML map says so.

.. code-block:: yaml

    type: track                    # or {column: kind}
    event: {column: event, values: {home: Page Viewed}}
    identifiers: {user_id: customer}
    time: {column: timestamp, timezone: Europe/Paris}
    fields: {properties.product_id: sku, context.userAgent: agent}
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gateway.importing.errors import MapInvalid
from policies.vocabulary import EventKind, IdentifierKind

_KEYS = {"type", "event", "identifiers", "time", "fields"}
_ROOTS = {"properties", "traits", "context"}
MAX_MAP_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """One value: always the same, or what a column holds, put into our words by *values*."""

    constant: str | None
    column: str | None
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Map:
    """A whole map.  ``digest`` names its content, so a changed map starts a new import."""

    kind: Reading
    event: Reading | None
    identifiers: dict[str, str]
    time: str
    zone: ZoneInfo
    fields: dict[tuple[str, ...], str]
    digest: bytes

    def columns(self) -> set[str]:
        """Give every column the map reads."""
        readings = (self.kind, self.event)
        named = {reading.column for reading in readings if reading and reading.column}
        return named | {self.time, *self.identifiers.values(), *self.fields.values()}


def read_map(path: Path) -> Map:
    """Read the map in *path*.

    Raises:
        MapInvalid: with the key that is wrong and what was needed there.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MapInvalid("The map cannot be opened; a readable YAML file was needed.") from error
    if len(raw) > MAX_MAP_BYTES:
        raise MapInvalid("The map is larger than 64 KB; a short YAML file was needed.")
    try:
        document = YAML(typ="safe", pure=True).load(raw.decode())
    except (YAMLError, UnicodeDecodeError) as error:
        raise MapInvalid("The map is not valid YAML.") from error
    if not isinstance(document, dict) or not set(document) <= _KEYS:
        allowed = ", ".join(sorted(_KEYS))
        raise MapInvalid(f"The map has a key it should not have; the keys are {allowed}.")
    time, zone = _time(document.get("time"))
    return Map(
        kind=_reading("type", document.get("type", "track"), set(EventKind)),
        event=_event(document.get("event")),
        identifiers=_identifiers(document.get("identifiers")),
        time=time,
        zone=zone,
        fields=_fields(document.get("fields") or {}),
        digest=hashlib.sha256(raw).digest(),
    )


def _event(said: Any) -> Reading | None:  # noqa: ANN401  # YAML is anything
    return None if said is None else _reading("event", said, None)


def _reading(key: str, said: Any, allowed: set[EventKind] | None) -> Reading:  # noqa: ANN401
    if isinstance(said, str):
        if allowed is not None and said not in allowed:
            raise MapInvalid(f"`{key}` is not one of {', '.join(sorted(allowed))}.")
        return Reading(said, None, {})
    if not isinstance(said, dict) or not isinstance(said.get("column"), str):
        raise MapInvalid(f"`{key}` is neither a text nor {{column: NAME}}.")
    values = said.get("values") or {}
    if not isinstance(values, dict) or set(said) - {"column", "values"}:
        raise MapInvalid(f"`{key}` takes `column` and `values`, a mapping of texts.")
    return Reading(None, said["column"], {str(k): str(v) for k, v in values.items()})


def _identifiers(said: Any) -> dict[str, str]:  # noqa: ANN401
    if not isinstance(said, dict) or not said:
        raise MapInvalid("`identifiers` is missing; a mapping from kind to column was needed.")
    if not set(said) <= set(IdentifierKind):
        raise MapInvalid(f"`identifiers` knows {', '.join(sorted(IdentifierKind))}.")
    return {str(kind): str(column) for kind, column in said.items()}


def _time(said: Any) -> tuple[str, ZoneInfo]:  # noqa: ANN401
    if isinstance(said, str):
        said = {"column": said}
    if not isinstance(said, dict) or not isinstance(said.get("column"), str):
        raise MapInvalid("`time` is missing; a column, or {column: NAME, timezone: ZONE}.")
    try:
        zone = ZoneInfo(str(said.get("timezone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise MapInvalid("`time.timezone` is not the name of a time zone.") from error
    return said["column"], zone


def _fields(said: Any) -> dict[tuple[str, ...], str]:  # noqa: ANN401
    if not isinstance(said, dict):
        raise MapInvalid("`fields` is not a mapping from a member of the event to a column.")
    fields = {}
    for path, column in said.items():
        steps = tuple(str(path).split("."))
        if steps[0] not in _ROOTS or not 2 <= len(steps) <= 4:
            raise MapInvalid("A key of `fields` is not like properties.NAME or context.page.url.")
        fields[steps] = str(column)
    return fields
