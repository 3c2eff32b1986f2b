"""Which version of a key are new rows made under, as the vault says (decision 30)?

Whoever writes a row reads it in the same transaction.  Statements take the connection first and
never commit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pseudonymizer.vault.driver import run

__all__ = ["InUse", "key_in_use", "put_key_in_use", "span_in_use"]

_IN_USE: Final = "SELECT version, first FROM vault.key_in_use WHERE name = %b"


class InUse(NamedTuple):
    """The version that is in use, and the *first* that is needed still.

    Marks of ``sup`` are nested from *first* on.  Of ``pid``, which is no key, they are epochs: the
    store may know people by the pseudonyms of any between.
    """

    version: int
    first: int


def key_in_use(
    connection: Connection, name: str, *, share: bool = False, alone: bool = False
) -> int:
    """Give the version of a key that new rows are made under.

    With *share* it stays so until the commit; *alone* waits for everybody who shares it.
    """
    rows = run(connection, f"{_IN_USE}{' FOR UPDATE' * alone}{' FOR SHARE' * share}", name)
    return int(rows.fetchall()[0][0])


def span_in_use(connection: Connection, name: str) -> InUse:
    """Give from which version on *name* is needed, up to which, and keep it so until the commit."""
    return InUse._make(run(connection, f"{_IN_USE} FOR SHARE", name).fetchall()[0])


def put_key_in_use(connection: Connection, name: str, version: int, *, at: datetime) -> None:
    """Have new rows made under *version* from the commit on; an older one is left where it is."""
    run(
        connection,
        "UPDATE vault.key_in_use SET version = %b, since = %b WHERE name = %b AND version < %b",
        version,
        at,
        name,
        version,
    )
