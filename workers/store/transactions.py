"""Where transactions on the store begin and end: the only module here that commits."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, ref

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from policies.errors import ParaventError, StoreUnavailable
from workers.store.errors import StoreBusy, StoreOverprivileged, StoreRefused
from workers.store.packing import teach

CONNECT_TIMEOUT_S = 5
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

_PRIVILEGES = """
select rolsuper or rolbypassrls or exists (
  select from pg_class where relowner = pg_roles.oid and relnamespace = 'store'::regnamespace)
from pg_roles where rolname = current_user"""

_AWAITED = """
select exists (select from pg_locks where not granted and locktype = 'transactionid'
  and transactionid = pg_current_xact_id()::xid)"""

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


def parts_of(dsn: str) -> dict[str, str]:
    """Give the parts of a libpq URL or string; a URL written for SQLAlchemy is one too."""
    plain = dsn.replace("postgresql+psycopg://", "postgresql://", 1)
    return {key: str(value) for key, value in conninfo_to_dict(plain).items() if value is not None}


def connect(dsn: str, *, pool_size: int = 4, application_name: str) -> Engine:
    """Give an engine on the store; nothing connects before the first transaction.

    *dsn* is a libpq URL (``postgresql://…``, with ``?host=`` for a socket folder) or key-value
    string.  Parameters never show in errors (R-107), nor the password in the engine's repr.
    """
    parts = parts_of(dsn)
    # Plans are the same with compiled code, which costs more than our statements take.
    options = f"{parts.pop('options', '')} -c jit=off -c timezone=UTC".strip()
    engine = create_engine(
        "postgresql+psycopg://",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_S,
        pool_recycle=1800,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            **REACHED_OVER_TCP,
            **parts,
            "application_name": application_name,
            "options": options,
        },
    )
    event.listen(engine, "connect", _prepare)
    _outages.watch(engine)
    return engine


def _prepare(driver: Any, _record: object) -> None:  # noqa: ANN401  SQLAlchemy's listener type
    teach(driver)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction; commit on a clean exit, roll back on any exception.

    Errors of the database leave as errors of ours: PostgreSQL's DETAIL line prints the row, so the
    original is not even chained.

    Raises:
        StoreUnavailable: the server is away, or the connection broke; unless it broke during the
            commit, nothing was written.
        StoreBusy: a deadlock or a timeout; the same transaction may be run again.
        StoreRefused: anything else the database refused.
    """
    with _plain_errors(engine), engine.begin() as connection:
        yield connection


@contextmanager
def autocommit(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose every statement commits by itself (LISTEN, VACUUM)."""
    with _plain_errors(engine), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _plain_errors(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        ours = _translated(cause)
        if type(ours) is StoreUnavailable:
            # Whatever else is pooled leads to the same server that went away.
            _outages.note(engine)
        raise ours from None
    except PoolTimeout:
        raise StoreUnavailable(
            "every connection to the store is in use; a free one was needed"
        ) from None


def _translated(error: BaseException | None) -> ParaventError:
    state = getattr(error, "sqlstate", None)
    if state is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        state = "08000"  # the driver found out by itself
    if state is None:
        return StoreRefused("HY000")  # a value that the driver would not even send
    if state.startswith(AWAY):
        return StoreUnavailable("the store does not answer; a working connection was needed")
    if state in CROSSED:
        return StoreBusy("the store is busy with the same rows; a moment's peace was needed")
    return StoreRefused(state)


def driver_of(connection: Connection) -> psycopg.Connection[TupleRow]:
    """Give the driver's connection under *connection*, inside its transaction."""
    driver: psycopg.Connection[TupleRow] = connection.connection.driver_connection  # type: ignore[assignment]  # SQLAlchemy types it Any or None
    return driver


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Send statements without waiting for the answer of each.

    Where a result is read (``rows_of``) everything sent so far is waited for; ``run`` does not
    wait, and so cannot say how many rows it touched.  What failed is raised at the latest at the
    end.  COPY has no place in it.
    """
    with driver_of(connection).pipeline():
        yield


def rows_of(connection: Connection, statement: str, values: Sequence[object]) -> list[TupleRow]:
    """Run *statement* in one round trip; give its rows with instants as microseconds.

    The statement goes past SQLAlchemy (which would cost more than PostgreSQL does) but in the same
    transaction; after five runs the driver keeps it prepared.
    """
    with driver_of(connection).cursor(binary=True) as cursor:
        cursor.execute(statement.encode(), values)
        return cursor.fetchall()


def run(connection: Connection, statement: str, values: Sequence[object]) -> int:
    """Run *statement* in one round trip; give the number of rows it touched, -1 if pipelined."""
    with driver_of(connection).cursor(binary=True) as cursor:
        cursor.execute(statement.encode(), values)
        return cursor.rowcount


def awaited(connection: Connection) -> bool:
    """Say whether another transaction waits for a row that this one has locked or written."""
    ((someone,),) = rows_of(connection, _AWAITED, ())
    return bool(someone)


def refuse_overprivileged(engine: Engine) -> None:
    """Refuse to serve as a superuser, or as a role that owns the tables.

    Raises:
        StoreOverprivileged: the DSN is the owner's; run-time roles own nothing (R-103).
    """
    with transaction(engine) as connection:
        if connection.exec_driver_sql(_PRIVILEGES).scalar_one():
            raise StoreOverprivileged(
                "the store is connected as a role that may do everything; "
                "a run-time role that owns nothing was needed"
            )
