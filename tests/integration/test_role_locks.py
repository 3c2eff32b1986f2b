"""The database itself keeps each role out of what it has no business with.

Nothing here is about our code: every statement is tried as the role that somebody has stolen.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.support.postgres import STORE_ROLES, VAULT_ROLES, Database, clone, drop, template
from tests.support.run import Run

VAULT_SCHEMAS = ("vault", "tombstone", "rights")
RUN_TIME_ROLES = sorted({*STORE_ROLES, *VAULT_ROLES})


@pytest.fixture(scope="module", autouse=True)
def databases(run: Run) -> Iterator[dict[str, Database]]:
    """One copy of each side for the whole module: whatever is refused changes nothing."""
    copies = {side: clone(template(run, side)) for side in ("store", "vault")}
    yield copies
    for copy in copies.values():
        drop(copy)


@pytest.fixture
def store_database(databases: dict[str, Database]) -> Database:
    return databases["store"]


@pytest.fixture
def vault_database(databases: dict[str, Database]) -> Database:
    return databases["vault"]


def refusal(database: Database, role: str, statement: str) -> str:
    """Say how *statement* is refused to *role*: ``connect``, or the SQLSTATE; ``none`` if it is
    not."""
    try:
        connection = psycopg.connect(database.dsn(role))
    except psycopg.OperationalError as error:
        # On a server of its own, the other side's roles do not even exist.
        if "permission denied for database" in str(error) or "does not exist" in str(error):
            return "connect"
        raise
    with connection:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return error.sqlstate or str(error)
    return "none"


DENIED = {"connect", errors.InsufficientPrivilege.sqlstate}


@pytest.mark.parametrize("role", ["paravent_workers", "paravent_auditor"])
@pytest.mark.parametrize(
    "statement",
    [
        "select * from vault.subject",
        "select * from vault.identifier",
        "select * from vault.bucket",
        "select * from tombstone.mark",
        "select * from rights.case",
        "select * from rights.operator",
        "set role paravent_vault",
        "set role paravent_owner",
        "create table vault.mine (id int)",
    ],
)
def test_the_workers_and_the_auditor_are_kept_out_of_the_vault(
    vault_database: Database, role: str, statement: str
) -> None:
    assert refusal(vault_database, role, statement) in DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "select * from vault.subject",
        "select * from vault.identifier",
        "select * from tombstone.mark",
        "delete from tombstone.mark",
        "set role paravent_vault",
    ],
)
def test_the_gateways_rights_connection_sees_no_identity(
    vault_database: Database, statement: str
) -> None:
    assert refusal(vault_database, "paravent_gateway", statement) in DENIED


def test_the_vaults_connection_sees_no_case(vault_database: Database) -> None:
    assert refusal(vault_database, "paravent_vault", "select * from rights.case") in DENIED


def test_the_vaults_role_is_kept_out_of_the_store(store_database: Database) -> None:
    assert refusal(store_database, "paravent_vault", "select * from store.event") in DENIED


@pytest.mark.parametrize("role", STORE_ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "insert into audit.entry (seq, at, header) values (1, now(), '{}')",
        "update audit.entry set header = '{}'",
        "delete from audit.entry",
        "truncate audit.entry",
        "update audit.frontier set hash = ''",
        "set role paravent_owner",
        "alter table store.event add column note text",
        "create table public.mine (id int)",
    ],
)
def test_nobody_rewrites_the_log_or_the_schema(
    store_database: Database, role: str, statement: str
) -> None:
    assert refusal(store_database, role, statement) in DENIED


def test_the_workers_cannot_read_source_keys(store_database: Database) -> None:
    said = refusal(store_database, "paravent_workers", "select * from store.source_key")
    assert said in DENIED


def test_the_auditor_reads_the_log_and_no_event(store_database: Database) -> None:
    assert refusal(store_database, "paravent_auditor", "select * from audit.entry") == "none"
    assert refusal(store_database, "paravent_auditor", "select * from store.event") in DENIED


def test_the_check_would_notice_an_open_door(store_database: Database) -> None:
    assert refusal(store_database, "paravent_gateway", "select * from store.event") == "none"


@pytest.mark.parametrize("side", ["store_database", "vault_database"])
def test_what_runs_owns_nothing(side: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(side)
    with psycopg.connect(database.owner_dsn) as connection:
        owned = connection.execute(
            "select relname, rolname from pg_class join pg_roles on pg_roles.oid = relowner"
            " where rolname = any(%s)",
            [RUN_TIME_ROLES],
        ).fetchall()
        mighty = connection.execute(
            "select rolname from pg_roles where rolname = any(%s) and (rolsuper or rolcreaterole"
            " or rolcreatedb or rolbypassrls or rolreplication)",
            [RUN_TIME_ROLES],
        ).fetchall()
    assert owned == []
    assert mighty == []


@pytest.mark.parametrize("side", ["store_database", "vault_database"])
def test_nobody_logs_in_as_the_owner(side: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(side)
    with psycopg.connect(database.owner_dsn) as connection:
        row = connection.execute(
            "select rolcanlogin from pg_roles where rolname = 'paravent_owner'"
        ).fetchone()
    assert row == (False,)
