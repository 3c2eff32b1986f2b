"""Which one of several like processes is in charge?

The answer is a session lock: it ends with the connection, so with the process that held it.
"""

from __future__ import annotations

from sqlalchemy import Connection

from workers.store.transactions import rows_of

BEAT = (0x50415241, 1_000)  # beside the locks of the drains' shards

_TAKE = "select pg_try_advisory_lock(%s::int, %s::int)"
_CHECK = "select 1"


def take(connection: Connection, turn: tuple[int, int]) -> bool:
    """Take charge on an autocommit connection; ``False`` when another process has it."""
    return bool(rows_of(connection, _TAKE, turn)[0][0])


def check(connection: Connection) -> None:
    """Ask whether the connection, and with it the lock, still stands.

    Raises:
        StoreUnavailable: it does not (raised where ``autocommit`` was entered).
    """
    rows_of(connection, _CHECK, ())
