"""How does the vault database come to be, and come up to date?

Any PostgreSQL 15 or later will do, and any role that may create databases and roles; running it
again changes nothing.  Tables belong to ``paravent_owner``, which cannot log in.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import (
    DuplicateDatabase,
    DuplicateObject,
    InsufficientPrivilege,
    InternalError_,
    UniqueViolation,
)
from sqlalchemy import Connection, text

from policies.errors import DatabaseShared
from pseudonymizer.errors import VaultContended, VaultUnavailable
from pseudonymizer.vault.transactions import connect, transaction

__all__ = ["LOGIN_ROLES", "migrate_vault"]

OWNER: Final = "paravent_owner"
LOGIN_ROLES: Final = ("paravent_vault", "paravent_gateway")
LOCK: Final = 0x7061_7276_6175_6C74  # "parvault", as the number of an advisory lock
ATTEMPTS: Final = 10
PAUSE_S: Final = 0.5
OLDEST_SERVER: Final = 150_000


def migrate_vault(owner_dsn: str, *, passwords: Mapping[str, str] | None = None) -> None:
    """Create the vault's database, roles, tables and grants, or bring them up to date.

    Args:
        owner_dsn: names the vault's database, existing or not, and logs in as a role that may
            create databases and roles.
        passwords: by run-time role; a role left out keeps what it has.  They reach the server
            as SCRAM verifiers, so its log and its statistics never see one.

    Raises:
        VaultUnavailable: the server does not answer, refuses the role, or is too old.
        DatabaseShared: the store lives in that database.
    """
    dsn = owner_dsn.replace("postgresql+psycopg://", "postgresql://", 1)
    database = str(conninfo_to_dict(dsn).get("dbname") or "vault")
    try:
        with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as server:
            _refuse_old(server)
            _create_roles(server)
            _set_passwords(server, passwords or {})
            _create_database(server, database)
    except psycopg.OperationalError:
        raise VaultUnavailable(
            "the vault's server does not answer the owner; a reachable PostgreSQL 15 was needed"
        ) from None
    engine = connect(make_conninfo(dsn, dbname=database), pool_size=1)
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction(engine) as vault:
                    _upgrade(vault)
            except VaultContended:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_S)
            else:
                break
    finally:
        engine.dispose()


def _upgrade(vault: Connection) -> None:
    vault.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if vault.exec_driver_sql("SELECT to_regnamespace('store')").scalar_one() is not None:
        raise DatabaseShared("the vault's database holds a store; a database of its own was needed")
    vault.exec_driver_sql(f"SET LOCAL ROLE {OWNER}")
    vault.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS vault")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = vault
    command.upgrade(config, "head")
    vault.exec_driver_sql("RESET ROLE")
    grants = files("pseudonymizer.vault") / "migrations" / "roles.sql"
    vault.exec_driver_sql(grants.read_text(encoding="utf-8"))


def _refuse_old(server: psycopg.Connection) -> None:
    if server.info.server_version < OLDEST_SERVER:
        raise VaultUnavailable("the vault's server is too old; PostgreSQL 15 or later was needed")


def _create_roles(server: psycopg.Connection) -> None:
    for role in (OWNER, *LOGIN_ROLES):
        known = server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        if known is None:
            login = sql.SQL("NOLOGIN" if role == OWNER else "LOGIN")
            _insist(server, sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), login))
    _join_owner(server)


def _join_owner(server: psycopg.Connection) -> None:
    """Make the migrating login a member of the owner, unless it is a superuser.

    Since PostgreSQL 16 whoever creates a role may grant it but not yet become it, so having been
    its creator is not enough.
    """
    row = server.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if row == (True,):
        return
    # A login that may not grant may be a member all the same; if not, SET ROLE says so.
    with contextlib.suppress(InsufficientPrivilege):
        _insist(server, sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER)))


def _set_passwords(server: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    for role in LOGIN_ROLES:
        if role in passwords:
            verifier = server.pgconn.encrypt_password(
                passwords[role].encode(), role.encode(), b"scram-sha-256"
            )
            _insist(
                server,
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(verifier.decode())
                ),
            )


def _create_database(server: psycopg.Connection, database: str) -> None:
    name = sql.Identifier(database)
    known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
    if known is None:
        _insist(
            server,
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                name, sql.Identifier(OWNER)
            ),
        )
    roles = sql.SQL(", ").join(map(sql.Identifier, LOGIN_ROLES))
    for statement in (
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name),
        sql.SQL("GRANT CREATE, CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(OWNER)),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, roles),
        # A client that hangs must not keep its locks, nor an erasure waiting.
        sql.SQL("ALTER DATABASE {} SET idle_in_transaction_session_timeout = '60s'").format(name),
    ):
        _insist(server, statement)


def _insist(server: psycopg.Connection, statement: sql.Composed) -> None:
    """Run a statement on the server-wide catalogue; somebody else may be doing the same."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            server.execute(statement)
        except (DuplicateObject, DuplicateDatabase, UniqueViolation):
            return
        except InternalError_:  # "tuple concurrently updated"
            if attempt == ATTEMPTS:
                raise
        else:
            return
