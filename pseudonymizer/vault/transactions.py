"""Which transactions does the vault know, and who commits them?

This module alone makes engines for the vault database and commits on them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary, ref

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

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

_MADE = "paravent-made"  # where a pooled connection keeps the instant it was made


class _Outages:
    """When did somebody last find the line of an engine broken?

    What is older leads to the server that went away, and is replaced when its turn comes.  The
    pool is not disposed of: connections in use would come back to one that nobody knows any more,
    and stay open until the garbage collector, which a gateway runs seldom, comes by.
    """

    def __init__(self) -> None:
        self._last: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()

    def watch(self, engine: Engine) -> None:
        """Let connections of *engine* be replaced that were made before its last outage."""
        known = ref(engine)

        def made(_driver: object, entry: ConnectionPoolEntry) -> None:
            entry.info[_MADE] = time.monotonic()

        def taken(_driver: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
            watched = known()
            if watched is not None and entry.info[_MADE] <= self._last.get(watched, 0.0):
                raise InvalidatePoolError

        event.listen(engine, "connect", made)
        event.listen(engine, "checkout", taken)

    def note(self, engine: Engine) -> None:
        """Distrust every connection that *engine* has."""
        self._last[engine] = time.monotonic()


_outages = _Outages()


def connect(dsn: str, *, pool_size: int = 4, application_name: str = "paravent-vault") -> Engine:
    """Give an engine on the vault database; nothing is connected yet.

    *dsn* is a URL or a libpq connection string.  Statements' parameters stay out of
    SQLAlchemy's messages (R-107).
    """
    given = conninfo_to_dict(dsn.replace("postgresql+psycopg://", "postgresql://", 1))
    engine = create_engine(
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
    _outages.watch(engine)
    return engine


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
            _outages.note(engine)
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
