"""What a source may send: identifiers, and the properties of events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policies.reading.entry import Entry
from policies.ruleset import (
    IdentifierRule,
    PropertyRule,
    PurposeRule,
)
from policies.vocabulary import (
    Column,
    DataCategory,
    FreeText,
    IdentifierKind,
    Keep,
    Precision,
    PropertyType,
)

_PATH: Final = re.compile(r"(properties|traits|context)(\.[A-Za-z][A-Za-z0-9_]*)+|name|category")
_REGION: Final = re.compile(r"[A-Z]{2}")

_TEXTUAL: Final = frozenset(
    {Column.PAGE, Column.PRODUCT, Column.CATEGORY, Column.LABEL, Column.CAMPAIGN, Column.DEVICE}
)
_WORDS: Final = frozenset({PropertyType.STRING, PropertyType.URL})
# What a column can hold.  `amount` holds minor units, so only money goes there.
_HOLDS: Final[Mapping[Column, frozenset[PropertyType]]] = MappingProxyType(
    {
        **dict.fromkeys(_TEXTUAL, _WORDS),
        Column.DEVICE: frozenset({PropertyType.STRING, PropertyType.USER_AGENT}),
        Column.REFERRER: _WORDS,
        Column.AMOUNT: frozenset({PropertyType.MONEY}),
        Column.QUANTITY: frozenset({PropertyType.INTEGER}),
        Column.DURATION: frozenset({PropertyType.INTEGER}),
        Column.NUMBER: frozenset({PropertyType.NUMBER, PropertyType.INTEGER}),
        Column.TEXT: frozenset({PropertyType.TEXT, PropertyType.STRING, PropertyType.IP}),
    }
)
# How coarse a value of this type becomes at least; the generaliser of the type sees to it.
_PRECISION: Final[Mapping[PropertyType, frozenset[Precision]]] = MappingProxyType(
    {
        PropertyType.URL: frozenset({Precision.HOST, Precision.PATH}),
        PropertyType.USER_AGENT: frozenset({Precision.DEVICE_CLASS}),
        PropertyType.IP: frozenset({Precision.NETWORK}),
    }
)


def read_identifiers(file: Entry) -> Mapping[str, IdentifierRule]:
    """Give the kinds of identifier a source may send, and what becomes of each."""
    identifiers = {}
    for name, entry in file.entries("identifiers"):
        kind = IdentifierKind(name)
        label_fr, label_en = entry.labels()
        region = entry.maybe_text("region")
        if (region is None) == (kind is IdentifierKind.PHONE) or not _REGION.fullmatch(
            region or "FR"
        ):
            entry.fault("region", "a phone, and only a phone, has a region", "Write such as FR.")
        identifiers[str(kind)] = IdentifierRule(
            kind=str(kind),
            label_fr=label_fr,
            label_en=label_en,
            keep=entry.word("keep", Keep),
            links=entry.flag("links"),
            region=region,
        )
        entry.done()
    file.done()
    return MappingProxyType(identifiers)


def read_properties(file: Entry, purposes: Mapping[str, PurposeRule]) -> Mapping[str, PropertyRule]:
    """Give the properties; one without purposes of its own serves whatever its event serves."""
    properties = {}
    for name, entry in file.entries("properties"):
        entry.labels()
        kind = entry.word("type", PropertyType)
        own: tuple[str, ...] = ()
        if entry.has("purposes"):
            own = entry.references("purposes", purposes)
        properties[name] = PropertyRule(
            name=name,
            path=_path(entry),
            column=_column(entry, kind),
            type=kind,
            category=entry.word("category", DataCategory),
            scan=entry.flag("scan", default=kind in {*_WORDS, PropertyType.TEXT}),
            pattern=_pattern(entry),
            max_length=entry.whole("max_length", default=200),
            precision=_precision(entry, kind),
            purposes=own,
            free_text=_free_text(entry, kind),
        )
        entry.done()
    file.done()
    return MappingProxyType(properties)


def _path(entry: Entry) -> tuple[str, ...]:
    path = entry.text("path")
    if not _PATH.fullmatch(path):
        entry.fault(
            "path",
            "the path leads nowhere in an event",
            "Write `properties.x`, `context.page.url`, `name` or `category`.",
        )
    return tuple(path.split("."))


def _column(entry: Entry, kind: PropertyType) -> Column:
    column = entry.word("column", Column)
    if kind not in _HOLDS[column]:
        held = ", ".join(sorted(_HOLDS[column]))
        entry.fault("column", "the column cannot hold this type", f"It holds: {held}.")
    return column


def _pattern(entry: Entry) -> str | None:
    pattern = entry.maybe_text("pattern")
    try:
        re.compile(pattern or "")
    except re.error:
        entry.fault("pattern", "this is no regular expression", "Close brackets, escape `\\`.")
    return pattern


def _precision(entry: Entry, kind: PropertyType) -> Precision | None:
    allowed = _PRECISION.get(kind)
    if allowed is None:
        return None
    precision = entry.word("precision", Precision)
    if precision not in allowed:
        known = ", ".join(sorted(allowed))
        entry.fault("precision", "this is too fine for the type", f"Use one of: {known}.")
    return precision


def _free_text(entry: Entry, kind: PropertyType) -> FreeText | None:
    asked = entry.maybe_word("free_text", FreeText)
    if asked is not None and kind is not PropertyType.TEXT:
        entry.fault("free_text", "only a text is read for names", "Write `type: text`.")
    return asked
