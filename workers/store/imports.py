"""Imports of files: how far one has come, so that it goes on where it was interrupted."""

from collections.abc import Mapping
from typing import NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import Connection

from workers.store.transactions import rows_of, run


class ImportRow(NamedTuple):
    """One file, imported for one source with one map."""

    id: int
    rows_done: int
    finished_at_us: int | None
    counts: dict[str, int]


_START = """
insert into store.import_run (source, file_digest, map_hash) values (%s, %s, %s)
on conflict (source, file_digest, map_hash) do update set finished_at = import_run.finished_at
returning id, rows_done, finished_at, counts"""
_ADVANCE = """
update store.import_run set rows_done = %s, counts = %s where id = %s"""
_FINISH = "update store.import_run set finished_at = now() where id = %s"


def start(connection: Connection, source: int, file_digest: bytes, map_hash: bytes) -> ImportRow:
    """Begin an import, or give the one begun before with how far it came."""
    return ImportRow._make(rows_of(connection, _START, (source, file_digest, map_hash))[0])


def advance(
    connection: Connection, number: int, *, rows_done: int, counts: Mapping[str, int]
) -> None:
    """Note how many rows are done, in the transaction that stored them."""
    run(connection, _ADVANCE, (rows_done, Jsonb(dict(counts)), number))


def finish(connection: Connection, number: int) -> None:
    """Note that the file came to its end."""
    run(connection, _FINISH, (number,))
