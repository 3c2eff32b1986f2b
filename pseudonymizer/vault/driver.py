"""How do the vault's statements reach PostgreSQL?

Straight through the driver: arrays of bytes travel in binary form, six times cheaper than as text,
and a batch's look-up is one array each of blind indexes and marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import Connection

__all__ = ["columns", "run"]


def run(connection: Connection, statement: str, *values: object) -> psycopg.Cursor[Any]:
    """Run a constant *statement*; values and rows travel in binary form."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return driver.cursor(binary=True).execute(cast("Any", statement), values)


def columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[Any]]:
    """Turn rows into *width* columns, also when there are no rows."""
    if not rows:
        return [[] for _ in range(width)]
    return [list(column) for column in zip(*rows, strict=True)]
