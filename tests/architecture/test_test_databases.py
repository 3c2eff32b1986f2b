"""The test databases are real, separate, and closed to roles that have no business there."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.postgres import Database, clone, drop
from tests.support.run import Run
from tests.support.servers import Server, server_for


@pytest.fixture
def server(run: Run) -> Server:
    return server_for(run, run.services.store_dsn)


@pytest.fixture
def origin(server: Server, run: Run) -> object:
    database = Database(server, f"paravent_test_{run.id}_origin")
    drop(database)
    server.execute(f'create database "{database.name}"')
    yield database
    drop(database)


def test_a_clone_does_not_see_what_its_sibling_wrote(origin: Database) -> None:
    first, second = clone(origin), clone(origin)
    first.server.execute("create table fact (id int)", database=first.name)
    with psycopg.connect(second.owner_dsn) as connection:
        assert connection.execute("select to_regclass('fact')").fetchone() == (None,)
    drop(first)
    drop(second)


def test_a_clone_keeps_its_doors_as_closed_as_its_template(origin: Database) -> None:
    origin.server.execute(f'revoke connect on database "{origin.name}" from public')
    copy = clone(origin)
    with psycopg.connect(copy.owner_dsn) as connection:
        acl = connection.execute(
            "select has_database_privilege('pg_monitor', current_database(), 'connect')"
        ).fetchone()
    assert acl == (False,)
    drop(copy)


def test_a_clone_keeps_its_templates_settings(origin: Database) -> None:
    origin.server.execute(f"alter database \"{origin.name}\" set statement_timeout = '7s'")
    copy = clone(origin)
    with psycopg.connect(copy.owner_dsn) as connection:
        assert connection.execute("show statement_timeout").fetchone() == ("7s",)
    drop(copy)
