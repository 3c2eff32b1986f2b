"""Databases for tests: the real schema, the run-time roles, and a fresh copy for every test.

Each side (``store``, ``vault``) is migrated once per run into a template database, through the
product's own ``migrate_store`` and ``migrate_vault``; every test that asks for a side gets a clone
of its template (about a tenth of a second) and drops it afterwards.

The fixtures stand in :mod:`tests.support.fixtures`, all real SQLAlchemy engines connected as the
role in their name:

* ``store_owner``, ``store_gateway``, ``store_workers``, ``store_auditor``
* ``vault_owner``, ``vault_engine`` (role paravent_vault), ``rights_engine`` (role paravent_gateway
  on the vault database)

and ``store_database``, ``vault_database``, whose ``dsn(role)`` gives DSNs for processes of our own.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.support.run import Run
from tests.support.servers import Server, server_for

# Only used where the server does not trust loopback connections; see `_passwords_needed`.
PASSWORD = "paravent-tests"  # noqa: S105
STORE_ROLES = ("paravent_gateway", "paravent_workers", "paravent_auditor")
VAULT_ROLES = ("paravent_vault", "paravent_gateway")

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """A throw-away database of one side."""

    server: Server
    name: str

    @property
    def owner_dsn(self) -> str:
        """Give a DSN that may do everything: create, migrate, truncate."""
        return self.server.dsn(self.name)

    def dsn(self, role: str) -> str:
        """Give a DSN that logs in as run-time role *role*."""
        return self.server.dsn(self.name, role=role, password=PASSWORD)


def _migrate(side: str, owner_dsn: str, passwords: dict[str, str] | None) -> None:
    if side == "store":
        from workers.store.migrate import migrate_store

        migrate_store(owner_dsn, passwords=passwords)
    else:
        from pseudonymizer.vault.migrate import migrate_vault

        migrate_vault(owner_dsn, passwords=passwords)


def _passwords_needed(server: Server, roles: tuple[str, ...]) -> dict[str, str] | None:
    """Say which passwords to set: none where the roles can log in without.

    Roles belong to the whole server, so setting a password that is not needed would lock out an
    installation (or another test run) that lives on the same server.
    """
    for role in roles:
        try:
            psycopg.connect(server.dsn("postgres", role=role)).close()
        except psycopg.OperationalError as error:
            if "password" in str(error):
                return dict.fromkeys(roles, PASSWORD)
    return None


def template(run: Run, side: str) -> Database:
    """Give the migrated template of *side*, made by the first worker that asks."""
    given = run.services.store_dsn if side == "store" else run.services.vault_dsn
    server = server_for(run, given)
    database = Database(server, f"paravent_test_{run.id}_{side}")
    made = run.folder / f"{side}.template"
    with run.lock(f"template-{side}"), run.lock("roles"):
        if not made.exists():
            roles = STORE_ROLES if side == "store" else VAULT_ROLES
            _migrate(side, database.owner_dsn, _passwords_needed(server, roles))
            made.touch()
    return database


def clone(origin: Database) -> Database:
    """Give a fresh copy of *origin*, with the database-level grants that cloning forgets."""
    name = f"{origin.name}_{os.getpid()}_{next(_numbers)}"
    origin.server.execute(f'create database "{name}" template "{origin.name}"')
    _copy_grants(origin, name)
    return Database(origin.server, name)


def _copy_grants(origin: Database, name: str) -> None:
    """Repeat what belongs to the database itself: ``CREATE DATABASE … TEMPLATE`` leaves it behind,
    and with it would go the proof that a role without CONNECT cannot connect."""
    target = sql.Identifier(name)
    with psycopg.connect(origin.server.dsn("postgres"), autocommit=True) as connection:
        grants = connection.execute(_GRANTS, [origin.name]).fetchall()
        settings = connection.execute(_SETTINGS, [origin.name]).fetchall()
        if grants:
            connection.execute(sql.SQL("revoke all on database {} from public").format(target))
        for grantee, privilege in grants:
            to = sql.SQL("public") if grantee is None else sql.Identifier(grantee)
            connection.execute(
                sql.SQL("grant {} on database {} to {}").format(sql.SQL(privilege), target, to)
            )
        for setting in settings:
            variable, _, value = setting[0].partition("=")
            connection.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    target, sql.Identifier(variable), sql.Literal(value)
                )
            )


# Grants beside those every new database has; none while its list is still the default.
_GRANTS = """
select case grantee when 0 then null else pg_get_userbyid(grantee) end, privilege_type
from pg_database, aclexplode(datacl) where datname = %s and datacl is not null"""
_SETTINGS = """
select unnest(setconfig) from pg_db_role_setting
join pg_database on pg_database.oid = setdatabase where datname = %s and setrole = 0"""


def drop(database: Database) -> None:
    database.server.execute(f'drop database if exists "{database.name}" with (force)')


def drop_all(run: Run) -> None:
    """Remove what the run left on servers that are not its own."""
    for dsn in {run.services.store_dsn, run.services.vault_dsn} - {None}:
        server = Server(admin=str(dsn))
        for name in server.databases(f"paravent_test_{run.id}_"):
            drop(Database(server, name))
