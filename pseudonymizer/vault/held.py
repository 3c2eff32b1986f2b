"""Everything the vault holds about given subjects, table by table, as the data map has it.

Keys and seals are left out: a wrapped key says nothing about anybody, and what is sealed is given
in clear by ``reveal``.  Blind indexes are given as they are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from policies.data_map import ColumnNote
from policies.vocabulary import DataCategory
from pseudonymizer.vault.tables import METADATA, identifier

__all__ = ["blind_indexes", "records"]

Record = dict[str, Any]

_SEALED: Final = frozenset({"sealed", "sealed_mark"})


def records(connection: Connection, subjects: Sequence[int]) -> dict[str, list[Record]]:
    """Give every row about *subjects* by ``schema.table``; a table without one is empty."""
    found: dict[str, list[Record]] = {}
    for table in METADATA.sorted_tables:
        about = _about(table, subjects)
        if about is None:
            continue
        shown = [column for column in table.columns if not _hidden(column.name, column.info)]
        asked = select(*shown).where(about).order_by(*table.primary_key.columns)
        found[str(table)] = [dict(row) for row in connection.execute(asked).mappings()]
    return found


def blind_indexes(connection: Connection, subjects: Sequence[int]) -> list[bytes]:
    """Give the blind index of every identifier of *subjects*: what a scan must not find again."""
    asked = select(identifier.c.blind_index).where(identifier.c.subject.in_(list(subjects)))
    return [bytes(row.blind_index) for row in connection.execute(asked)]


def _about(table: Table, subjects: Sequence[int]) -> ColumnElement[bool] | None:
    """Give the condition that a row is about one of *subjects*; ``None`` if none can be."""
    wanted = list(subjects)
    conditions = [
        column.overlap(wanted) if isinstance(column.type, ARRAY) else column.in_(wanted)
        for column in table.columns
        if _link(column.info) == "vault"
    ]
    return or_(*conditions) if conditions else None


def _link(info: dict[Any, Any]) -> str | None:
    note = ColumnNote.read(info)
    return None if note is None else note.subject


def _hidden(name: str, info: dict[Any, Any]) -> bool:
    note = ColumnNote.read(info)
    return name in _SEALED or (note is not None and note.category is DataCategory.KEY_MATERIAL)
