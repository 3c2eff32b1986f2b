"""A vault and a store each have a database of their own, be it one that somebody else made."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest

from policies.errors import DatabaseShared
from pseudonymizer.vault.migrate import migrate_vault
from tests.support.postgres import Database, drop, template
from tests.support.run import Run
from workers.store.migrate import migrate_store

SIDES = {"store": migrate_store, "vault": migrate_vault}
Migrate = Callable[[str], None]


@pytest.fixture
def foreign(run: Run) -> Iterator[Database]:
    """A database that belongs to the server's administrator and not to ``paravent_owner``."""
    server = template(run, "store").server
    database = Database(server, f"paravent_test_{run.id}_{uuid.uuid4().hex[:8]}")
    server.execute(f'create database "{database.name}"')
    yield database
    drop(database)


@pytest.mark.parametrize("migrate", SIDES.values(), ids=SIDES)
def test_a_database_made_by_somebody_else_is_migrated_as_often_as_asked(
    foreign: Database, migrate: Migrate
) -> None:
    for _ in range(2):
        migrate(foreign.owner_dsn)
    with psycopg.connect(foreign.owner_dsn) as owner:
        usable = "select has_schema_privilege('paravent_gateway', 'public', 'usage')"
        assert owner.execute(usable).fetchone() == (False,)


@pytest.mark.parametrize(("first", "second"), [("store", "vault"), ("vault", "store")])
def test_one_database_for_the_vault_and_the_store_is_refused(
    foreign: Database, first: str, second: str
) -> None:
    SIDES[first](foreign.owner_dsn)
    with pytest.raises(DatabaseShared):
        SIDES[second](foreign.owner_dsn)
    with psycopg.connect(foreign.owner_dsn) as owner:
        assert owner.execute("select to_regnamespace(%s)", (second,)).fetchone() == (None,)
