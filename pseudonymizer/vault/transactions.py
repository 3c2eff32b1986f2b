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

from policies.errors import ParaventError
from pseudonymizer.errors import VaultContended, VaultRefused, VaultUnavailable

__all__ = ["connect", "transaction"]

CONNECT_SECONDS = 5
# A server across a network that drops packets is given up on; a Unix socket ignores these.
REACHED_OVER_TCP = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

# Connection trouble, no resources, operator intervention, trouble of its machine, bad password or
# role, no such database, idled too long in a transaction, a standby that cannot be written to.
AWAY = ("08", "53", "57P", "58", "28", "3D000", "25P03", "25006")
# Serialisation failure, deadlock, lock not available, statement timeout.
CROSSED = frozenset({"40001", "40P01", "55P03", "57014"})


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
        pool_timeout=CONNECT_SECONDS,
        pool_recycle=1800,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": application_name,
            **REACHED_OVER_TCP,
            **given,
        },
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction; commit on a clean exit, roll back on any exception.

    The driver's message may quote a row in its DETAIL, so it goes no further.

    Raises:
        VaultUnavailable: PostgreSQL does not answer, or the connection broke.
        VaultContended: PostgreSQL broke a deadlock or a race at this transaction's expense.
        VaultRefused: anything else PostgreSQL refused.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (psycopg.Error, DBAPIError) as error:
        ours = _as_ours(error.orig if isinstance(error, DBAPIError) else error)
        if isinstance(ours, VaultUnavailable):
            # Its pool may hold more connections of the server that went away.
            engine.dispose()
        raise ours from None
    except PoolTimeout:
        raise VaultUnavailable(
            "every connection to the vault is busy; a free one was needed"
        ) from None


def _as_ours(error: BaseException | None) -> ParaventError:
    state = getattr(error, "sqlstate", None)
    if state is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        state = "08000"  # the driver found out by itself
    if state is None:
        return VaultRefused("HY000")  # a value that the driver would not even send
    if state.startswith(AWAY):
        return VaultUnavailable("the vault does not answer; a running PostgreSQL was needed")
    if state in CROSSED:
        return VaultContended("the transaction lost a race; another attempt was needed")
    return VaultRefused(state)
