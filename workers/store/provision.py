"""How a database and its roles come to be, on any PostgreSQL from 15 on.

Safe to run again, and from several processes at once: roles belong to the whole server, so another
installation, or the other database of this one, may be making the same at the same moment.
"""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import DuplicateDatabase, DuplicateObject, ObjectInUse, UniqueViolation
from psycopg.rows import TupleRow

from policies.errors import StoreUnavailable
from workers.store.errors import StoreOverprivileged, StoreTooOld
from workers.store.transactions import parts_of

OWNER: Final = "paravent_owner"
OLDEST_SERVER: Final = 150_000
_ATTEMPTS: Final = 8

_DANGEROUS = """
select rolname from pg_roles where rolname = any(%s)
and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)"""


def provision(
    owner_dsn: str,
    *,
    database: str,
    login_roles: tuple[str, ...],
    passwords: Mapping[str, str],
) -> None:
    """Make sure that the database and the roles exist.

    Args:
        owner_dsn: logs in as a role that may create databases and roles.
        database: created with ``paravent_owner`` as its owner, in UTF-8, if it is missing.
        login_roles: the run-time roles; they own nothing and may only connect.
        passwords: by role; a role left out keeps what it has.  The server gets a SCRAM verifier,
            so that neither its log nor its statistics ever hold a password.

    Raises:
        StoreUnavailable: the server does not answer, or refuses the role.
        StoreTooOld: it is older than PostgreSQL 15.
        StoreOverprivileged: a run-time role exists and may do more than a run-time role should.
    """
    server_dsn = make_conninfo(**{**parts_of(owner_dsn), "dbname": "postgres"})
    try:
        with psycopg.connect(server_dsn, autocommit=True) as server:
            if server.info.server_version < OLDEST_SERVER:
                raise StoreTooOld("the server is too old; PostgreSQL 15 or later was needed")
            _create_roles(server, login_roles)
            _set_passwords(server, login_roles, passwords)
            _create_database(server, database, login_roles)
    except psycopg.OperationalError as error:
        raise StoreUnavailable(
            "the store's server does not answer its owner; a login that may create databases and "
            "roles was needed"
        ) from (None if error.sqlstate is None else error)


def _create_roles(server: Connection[TupleRow], login_roles: tuple[str, ...]) -> None:
    known = {row[0] for row in server.execute("select rolname from pg_roles")}
    for role in (OWNER, *login_roles):
        if role not in known:
            login = sql.SQL("nologin" if role == OWNER else "login")
            _insist(server, sql.SQL("create role {} {}").format(sql.Identifier(role), login))
    if server.execute(_DANGEROUS, ([OWNER, *login_roles],)).fetchone() is not None:
        raise StoreOverprivileged(
            "a run-time role has superuser, createrole, createdb, replication or bypassrls; "
            "a role without them was needed"
        )
    if server.info.parameter_status("is_superuser") != "on":
        # Whoever created the role may administer it, which is not yet the right to act as it.
        _insist(server, sql.SQL("grant {} to current_user").format(sql.Identifier(OWNER)))


def _set_passwords(
    server: Connection[TupleRow], login_roles: tuple[str, ...], passwords: Mapping[str, str]
) -> None:
    for role in login_roles:
        if role not in passwords:
            continue
        verifier = server.pgconn.encrypt_password(
            passwords[role].encode(), role.encode(), b"scram-sha-256"
        )
        statement = sql.SQL("alter role {} login password {}")
        _insist(server, statement.format(sql.Identifier(role), sql.Literal(verifier.decode())))


def _create_database(
    server: Connection[TupleRow], database: str, login_roles: tuple[str, ...]
) -> None:
    name = sql.Identifier(database)
    if server.execute("select from pg_database where datname = %s", (database,)).rowcount == 0:
        _insist(
            server,
            sql.SQL("create database {} owner {} template template0 encoding 'UTF8'").format(
                name, sql.Identifier(OWNER)
            ),
        )
    roles = sql.SQL(", ").join(map(sql.Identifier, login_roles))
    for statement in (
        sql.SQL("revoke all on database {} from public").format(name),
        sql.SQL("grant create, connect on database {} to {}").format(name, sql.Identifier(OWNER)),
        sql.SQL("grant connect on database {} to {}").format(name, roles),
        # A client that hangs must not keep its locks, nor an erasure waiting.
        sql.SQL("alter database {} set idle_in_transaction_session_timeout = '60s'").format(name),
    ):
        _insist(server, statement)


def _insist(server: Connection[TupleRow], statement: sql.Composed) -> None:
    """Run a statement on what the whole server shares; somebody else may be at it, too."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            server.execute(statement)
        except (DuplicateObject, DuplicateDatabase, UniqueViolation):
            return
        except (psycopg.errors.InternalError_, ObjectInUse):  # "tuple concurrently updated"
            if attempt == _ATTEMPTS:
                raise
        else:
            return
