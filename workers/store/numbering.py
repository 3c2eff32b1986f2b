"""What numbers stand for the words of a rulebook in this database?

A number is given once and never changes; asking again gives the same.  Looking comes before
inserting, so that a process started the hundredth time writes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.dialects.postgresql import insert

from policies.conditions import All, Any_, Compare, Condition, InSegment, Not
from policies.ruleset import RuleSet, SegmentRule
from workers.errors import SegmentRedefined
from workers.store.tables.reference import domain, purpose, rulebook
from workers.store.tables.results import feature_set, segment


def rulebook_number(connection: Connection, hash_: str) -> int:
    """Give the number of the rulebook with this content hash."""
    return _numbers(connection, rulebook, "hash", [hash_])[hash_]


def purpose_numbers(connection: Connection, rules: RuleSet) -> dict[str, int]:
    """Give the number of every purpose; ``1 << (number - 1)`` is its bit in a mask."""
    return _numbers(connection, purpose, "key", list(rules.purposes))


def domain_numbers(connection: Connection, rules: RuleSet) -> dict[str, int]:
    """Give the number of every pseudonymisation domain."""
    return _numbers(connection, domain, "key", list(rules.domains))


def domain_keys(connection: Connection) -> dict[int, str]:
    """Give the key of every domain ever declared in this store, by number."""
    return {row.id: row.key for row in connection.execute(select(domain))}


def rulebook_since(connection: Connection, number: int) -> datetime:
    """Give when the rulebook of this number was first loaded."""
    statement = select(rulebook.c.loaded_at).where(rulebook.c.id == number)
    since: datetime = connection.execute(statement).scalar_one()
    return since


def feature_set_number(connection: Connection, keys: Sequence[str], rulebook_: int) -> int:
    """Give the number of this list of features, in this order."""
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    rest = {"keys": list(keys), "rulebook": rulebook_}
    return _numbers(connection, feature_set, "hash", [digest], rest)[digest]


def segment_numbers(
    connection: Connection, rules: RuleSet, *, purposes: Mapping[str, int], rulebook_: int
) -> dict[str, int]:
    """Give the number of every segment in the version the rulebook declares.

    Raises:
        SegmentRedefined: that version is on record with another definition.
    """
    known = {(row.key, row.version): row for row in connection.execute(select(segment)).all()}
    numbers: dict[str, int] = {}
    for rule in rules.segments.values():
        definition = describe(rule)
        row = known.get((rule.key, rule.version)) or _define(
            connection, rule, purposes[rule.purpose], rulebook_
        )
        if row.definition_hash != _digest(definition):
            raise SegmentRedefined(rule.key, rule.version)
        numbers[rule.key] = row.id
    return numbers


def describe(rule: SegmentRule) -> dict[str, object]:
    """Give what decides membership of a segment, as plain JSON values."""
    return {"purpose": rule.purpose, "condition": _plain(rule.condition)}


def _define(connection: Connection, rule: SegmentRule, purpose_: int, rulebook_: int) -> Row[Any]:
    definition = describe(rule)
    values = {
        "key": rule.key,
        "version": rule.version,
        "purpose": purpose_,
        "rulebook": rulebook_,
        "definition": definition,
        "definition_hash": _digest(definition),
    }
    connection.execute(insert(segment).values(values).on_conflict_do_nothing())
    found = select(segment).where(segment.c.key == rule.key, segment.c.version == rule.version)
    return connection.execute(found).one()


def _plain(condition: Condition) -> dict[str, object]:
    match condition:
        case Compare(feature, op, value):
            return {"feature": feature, "op": str(op), "value": value}
        case InSegment(key):
            return {"segment": key}
        case Not(part):
            return {"not": _plain(part)}
        case All(parts):
            return {"all": [_plain(part) for part in parts]}
        case Any_(parts):
            return {"any": [_plain(part) for part in parts]}


def _digest(definition: Mapping[str, object]) -> str:
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _numbers(
    connection: Connection,
    table: Table,
    column: str,
    words: Sequence[str],
    rest: Mapping[str, object] | None = None,
) -> dict[str, int]:
    """Give the id of each of *words* in *column*, inserting those that are not there yet."""
    wanted = select(table.c[column], table.c.id).where(table.c[column].in_(words))
    found = {row[0]: row[1] for row in connection.execute(wanted)}
    missing = [word for word in words if word not in found]
    if missing:
        rows = [{column: word, **(rest or {})} for word in missing]
        connection.execute(insert(table).values(rows).on_conflict_do_nothing())
        found = {row[0]: row[1] for row in connection.execute(wanted)}
    return found
