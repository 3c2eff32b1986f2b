"""Which transactions does the vault know, and who commits them?

This module alone makes engines for the vault database and commits on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pseudonymizer.errors import VaultContended, VaultUnavailable

__all__ = ["connect", "transaction"]

CONNECT_SECONDS = 5
POOL_WAIT_SECONDS = 10


def connect(dsn: str, *, pool_size: int = 4, application_name: str = "paravent-vault") -> Engine:
    """Give an engine on the vault database; nothing is connected yet.

    *dsn* is a URL or a libpq connection string.  Statements' parameters stay out of
    SQLAlchemy's messages (R-107).
    """
    given = conninfo_to_dict(dsn.replace("postgresql+psycopg://", "postgresql://", 1))
    return create_engine(
        "postgresql+psycopg://",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_recycle=1800,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": application_name,
            **given,
        },
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction; commit on a clean exit, roll back on any exception.

    Raises:
        VaultUnavailable: PostgreSQL does not answer, or gave up on the statement.
        VaultContended: PostgreSQL broke a deadlock or a race at this transaction's expense.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (psycopg.Error, DBAPIError, PoolTimeout) as error:
        # The driver's message may quote a row in its DETAIL, so it goes no further.
        raise _as_ours(engine, error) from None


def _as_ours(engine: Engine, error: Exception) -> Exception:
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or ""
    if state.startswith("40"):
        return VaultContended("the transaction lost a race; another attempt was needed")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        # Its pool may hold more connections of the server that went away.
        engine.dispose()
        return VaultUnavailable("the vault does not answer; a running PostgreSQL was needed")
    if isinstance(error, PoolTimeout):
        return VaultUnavailable("every connection to the vault is busy; a free one was needed")
    return error
