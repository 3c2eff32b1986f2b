"""`paravent segments`: which segments there are, and how large, above the disclosure floor."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.cli.standing import rules_of
from policies.conditions import All, Any_, Compare, Condition, InSegment, Not
from policies.errors import ParaventError
from workers.segments.floor import SegmentSize, disclosed
from workers.store import segments
from workers.store.transactions import connect, transaction

if TYPE_CHECKING:
    from pathlib import Path

    from policies.ruleset import RuleSet, SegmentRule

app = typer.Typer(no_args_is_help=True, help="The segments of the rulebook, and their sizes.")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SegmentUndeclared(ParaventError):
    """The rulebook declares no such segment."""

    code = "segment-unknown"
    remedy = "See `paravent segments list`; segments are declared in the rulebook."


@app.command("list")
def list_segments(*, data: Data = None, as_json: Json = False) -> None:
    """List the segments with their sizes; a size below the disclosure floor is never shown."""
    _, documents = _read(data)
    rows = [
        (each["key"], each["version"], each["purpose"], _size(each), each["label"]["en"])
        for each in documents
    ]
    answer(documents, as_json=as_json,
           lines=table(("KEY", "VERSION", "PURPOSE", "SIZE", "LABEL"), rows))  # fmt: skip


@app.command("show")
def show_segment(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Its key, as `segments list` shows it.")
    ],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show one segment: what it means, the condition that decides, and its size."""
    rules, documents = _read(data)
    document = next((each for each in documents if each["key"] == key), None)
    if document is None:
        raise SegmentUndeclared("the rulebook declares no segment of that key; needed one it does")
    rule = rules.segments[key]
    document |= {"condition": _condition(rule.condition), "owner": rule.owner}
    lines = [
        f"{key} (version {rule.version}): {rule.label_en}",
        rule.description_en,
        f"purpose: {rule.purpose}",
        f"size: {_size(document)}",
        f"condition: {json.dumps(document['condition'], ensure_ascii=False)}",
    ]
    answer(document, as_json=as_json, lines=lines)


def _read(data: Path | None) -> tuple[RuleSet, list[dict[str, Any]]]:
    with opened(data, announce=progress) as home:
        rules = rules_of(home)
        engine = connect(home.addresses.store, pool_size=1, application_name="paravent segments")
        try:
            with transaction(engine) as store:
                numbers = {(row.key, row.version): row.id for row in segments.definitions(store)}
                sizes = segments.sizes(store)
        finally:
            engine.dispose()
    counted = {
        rule.key: sizes.get(numbers.get((rule.key, rule.version), -1))
        for rule in rules.segments.values()
    }
    floor = rules.disclosure.count_floor
    return rules, [_document(rules.segments[key], counted[key], floor) for key in counted]


def _document(rule: SegmentRule, size: segments.Size | None, floor: int) -> dict[str, Any]:
    counted_at = EPOCH + timedelta(microseconds=size.counted_at_us) if size else None
    shown = disclosed(SegmentSize(size.members, size.population) if size else None, floor)
    return {
        "key": rule.key,
        "version": rule.version,
        "label": {"fr": rule.label_fr, "en": rule.label_en},
        "description": {"fr": rule.description_fr, "en": rule.description_en},
        "purpose": rule.purpose,
        "size": shown,
        "below_floor": size is not None and shown is None,
        "floor": floor,
        "counted_at": counted_at.isoformat() if counted_at else None,
    }


def _size(document: dict[str, Any]) -> str:
    if document["counted_at"] is None:
        return "not counted yet; `paravent refresh` counts now"
    floor = document["floor"]
    return f"below the floor ({floor})" if document["below_floor"] else str(document["size"])


def _condition(condition: Condition) -> dict[str, Any]:
    match condition:
        case All(parts):
            return {"all": [_condition(part) for part in parts]}
        case Any_(parts):
            return {"any": [_condition(part) for part in parts]}
        case Not(part):
            return {"not": _condition(part)}
        case InSegment(key):
            return {"segment": key}
        case Compare(feature, op, value):
            return {"feature": feature, "is": str(op), "value": value}
