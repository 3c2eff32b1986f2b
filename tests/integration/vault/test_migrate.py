"""The vault's database: made from nothing, made again without change, and held by its grants."""

from __future__ import annotations

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine

from policies.data_map import ColumnNote
from pseudonymizer.errors import RoleTooPowerful, VaultUnavailable
from pseudonymizer.vault import migrate
from pseudonymizer.vault.migrate import migrate_vault
from pseudonymizer.vault.roles import refuse_overprivileged
from pseudonymizer.vault.tables import METADATA
from pseudonymizer.vault.transactions import transaction
from tests.support.postgres import Database

SCHEMAS = {"vault", "tombstone"}


def test_the_migrations_and_the_tables_say_the_same(vault_owner: Engine) -> None:
    def ours(name: str | None, kind: str, parents: object) -> bool:
        del parents
        if kind == "schema":
            return name in SCHEMAS
        return name != "alembic_version"

    with transaction(vault_owner) as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_schemas": True, "include_name": ours, "compare_server_default": True},
        )
        assert compare_metadata(context, METADATA) == []


def test_every_column_is_annotated_for_the_data_map() -> None:
    for table in METADATA.tables.values():
        assert "erasure" in table.info, table
        for column in table.columns:
            assert ColumnNote.read(column.info) is not None, column


def test_migrating_again_changes_nothing(vault_database: Database) -> None:
    def snapshot() -> list[tuple[object, ...]]:
        with psycopg.connect(vault_database.owner_dsn) as owner:
            return owner.execute(
                "SELECT c.oid, c.relname, c.relowner::regrole::text, c.relacl::text"
                " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                " WHERE n.nspname IN ('vault', 'tombstone', 'rights') ORDER BY c.oid"
            ).fetchall()

    before = snapshot()
    migrate_vault(vault_database.owner_dsn)
    assert snapshot() == before


def test_run_time_roles_own_nothing(vault_database: Database) -> None:
    with psycopg.connect(vault_database.owner_dsn) as owner:
        owners = owner.execute(
            "SELECT DISTINCT c.relowner::regrole::text FROM pg_class AS c"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('vault', 'tombstone', 'rights')"
        ).fetchall()
        logs_in = owner.execute(
            "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'paravent_owner'"
        ).fetchone()
    assert owners == [("paravent_owner",)]
    assert logs_in == (False,)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("paravent_vault", 'SELECT 1 FROM rights."case"'),
        ("paravent_vault", "SELECT 1 FROM rights.operator"),
        ("paravent_vault", "DELETE FROM vault.bucket"),
        ("paravent_vault", "DELETE FROM vault.erasure_journal"),
        ("paravent_vault", "TRUNCATE vault.subject"),
        ("paravent_vault", "DROP TABLE tombstone.mark"),
        ("paravent_vault", "CREATE TABLE vault.mine ()"),
        ("paravent_vault", "CREATE TABLE public.mine ()"),
        ("paravent_vault", "SET ROLE paravent_owner"),
        ("paravent_vault", "CREATE TEMPORARY TABLE mine ()"),
        ("paravent_gateway", "SELECT 1 FROM vault.subject"),
        ("paravent_gateway", "SELECT 1 FROM vault.identifier"),
        ("paravent_gateway", "SELECT 1 FROM tombstone.mark"),
        ("paravent_gateway", 'DELETE FROM rights."case"'),
        ("paravent_gateway", "SET ROLE paravent_vault"),
    ],
)
def test_a_role_cannot_do_what_it_has_no_part_in(
    vault_database: Database, role: str, statement: str
) -> None:
    with (
        psycopg.connect(vault_database.dsn(role)) as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_a_process_refuses_to_run_as_owner_of_the_tables(
    vault_owner: Engine, vault_engine: Engine, rights_engine: Engine
) -> None:
    refuse_overprivileged(vault_engine)
    refuse_overprivileged(rights_engine)
    with pytest.raises(RoleTooPowerful):
        refuse_overprivileged(vault_owner)


def test_a_server_that_does_not_answer_is_said_to_be_away() -> None:
    with pytest.raises(VaultUnavailable):
        migrate_vault("postgresql://nobody@127.0.0.1:1/vault")


def test_passwords_reach_the_server_as_scram_verifiers(
    vault_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Roles belong to the whole server, so the product's own are left alone here.
    role = "paravent_test_scram"
    monkeypatch.setattr(migrate, "LOGIN_ROLES", (role,))
    with psycopg.connect(vault_database.server.dsn("postgres"), autocommit=True) as server:
        server.execute(f"DROP ROLE IF EXISTS {role}")
        server.execute(f"CREATE ROLE {role}")
        try:
            migrate._set_passwords(server, {role: "correct horse", "somebody": "else"})
            stored = server.execute(
                "SELECT rolpassword FROM pg_authid WHERE rolname = %s", (role,)
            ).fetchone()
        finally:
            server.execute(f"DROP ROLE {role}")
    assert stored is not None
    assert stored[0].startswith("SCRAM-SHA-256$")
    assert "horse" not in stored[0]
