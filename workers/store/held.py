"""Everything the store holds about given subjects, table by table, as the data map has it.

One reader for all tables, so that a table added to the schema is in the next access report without
anybody remembering it; a test seeds a subject in every table and looks for it.
"""

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table, select

from policies.data_map import ColumnNote
from workers.store.tables import metadata
from workers.store.tables.reference import dictionary, domain, purpose, rulebook, source
from workers.store.tables.results import feature_set, segment

Record = dict[str, Any]


@functools.cache  # asked for every record of a report, and the same as long as the process runs
def tables_about_subjects() -> Mapping[str, str]:
    """Give ``schema.table`` of every table that carries a surrogate, with the column that does."""
    found: dict[str, str] = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            note = ColumnNote.read(column.info)
            if note is not None and note.subject == "surrogate":
                found[str(table)] = column.name
    return MappingProxyType(found)


def records(connection: Connection, subject_ids: Sequence[int]) -> dict[str, list[Record]]:
    """Give every row about *subject_ids* by ``schema.table``; a table without one is empty."""
    return {
        name: _rows(connection, metadata.tables[name], column, subject_ids)
        for name, column in tables_about_subjects().items()
    }


def numbered(connection: Connection) -> dict[str, dict[int, str]]:
    """Give the word behind every number of the small reference tables, by table."""
    found = {
        table.name: {
            row.id: row.word for row in connection.execute(select(table.c.id, column.label("word")))
        }
        for table, column in (
            (purpose, purpose.c.key),
            (domain, domain.c.key),
            (rulebook, rulebook.c.hash),
            (source, source.c.label),
        )
    }
    segments = connection.execute(select(segment.c.id, segment.c.key, segment.c.version))
    return found | {"segment": {row.id: f"{row.key}@{row.version}" for row in segments}}


def words(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Give the texts these dictionary numbers stand for."""
    if not numbers:
        return {}
    asked = select(dictionary.c.id, dictionary.c.value).where(dictionary.c.id.in_(list(numbers)))
    return {row.id: row.value for row in connection.execute(asked)}


def feature_keys(connection: Connection, feature_sets: Sequence[int]) -> dict[int, list[str]]:
    """Give the features a stored snapshot lists, in order, by feature set."""
    asked = select(feature_set.c.id, feature_set.c["keys"]).where(
        feature_set.c.id.in_(feature_sets)
    )
    return {row[0]: list(row[1]) for row in connection.execute(asked)}


def _rows(
    connection: Connection, table: Table, column: str, subject_ids: Sequence[int]
) -> list[Record]:
    about = table.c[column]
    asked = select(table).where(about.in_(list(subject_ids))).order_by(*table.primary_key.columns)
    return [dict(row) for row in connection.execute(asked).mappings()]
