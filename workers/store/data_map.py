"""The data map of the store, read off its tables."""

from sqlalchemy import MetaData, Table

from policies.data_map import ColumnNote, Erasure, TableNote
from workers.store.tables import metadata as store_metadata


def data_map(metadata: MetaData = store_metadata) -> list[TableNote]:
    """Give every table of *metadata* with its notes, by schema and name.

    Raises:
        LookupError: a table or a column has no note; nothing may be kept unannounced.
    """
    tables = sorted(metadata.tables.values(), key=lambda table: (table.schema or "", table.name))
    return [_described(table) for table in tables]


def _described(table: Table) -> TableNote:
    columns: dict[str, ColumnNote] = {}
    for column in table.columns:
        note = ColumnNote.read(column.info)
        if note is None:
            raise LookupError(f"column {table.fullname}.{column.name} has no note")
        columns[column.name] = note
    erasure = table.info.get("erasure")
    if erasure is None:
        raise LookupError(f"table {table.fullname} does not say what an erasure does to it")
    return TableNote(table.schema or "public", table.name, Erasure(erasure), columns)
