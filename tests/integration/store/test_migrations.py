"""A store comes to be on any server, once, whoever else is at it; and is what the tables say."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Engine

from policies.errors import StoreUnavailable
from tests.support.postgres import PASSWORD, Database, drop, template
from tests.support.run import Run
from workers.store import migrate
from workers.store.errors import StoreOverprivileged
from workers.store.migrate import migrate_store
from workers.store.provision import provision
from workers.store.tables import metadata
from workers.store.transactions import (
    connect,
    refuse_overprivileged,
    rows_of,
    transaction,
)


@pytest.fixture
def fresh(run: Run) -> Iterator[Database]:
    """A database that does not exist yet, on the server of the tests."""
    database = Database(
        template(run, "store").server, f"paravent_test_{run.id}_{uuid.uuid4().hex[:8]}"
    )
    yield database
    drop(database)


def in_the_store(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in ("store", "audit")


def test_the_migrations_make_exactly_what_the_tables_say(store_owner: Engine) -> None:
    with transaction(store_owner) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": in_the_store,
                "compare_server_default": True,
                "version_table": "alembic_version",
                "version_table_schema": "store",
                "include_object": lambda _object, name, kind, *_: (
                    not (kind == "table" and name.startswith("event_p"))
                ),
            },
        )
        assert compare_metadata(context, metadata) == []


def test_the_columns_are_stored_in_the_order_of_the_tables(store_owner: Engine) -> None:
    with transaction(store_owner) as connection:
        for table in metadata.tables.values():
            found = rows_of(
                connection,
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                " and not attisdropped order by attnum",
                (table.fullname,),
            )
            assert [row[0] for row in found] == list(table.columns.keys())


def test_the_program_knows_whether_the_store_is_up_to_date(store_gateway: Engine) -> None:
    with transaction(store_gateway) as connection:
        assert migrate.revision(connection) == migrate.newest()


def test_many_who_migrate_at_once_all_succeed(fresh: Database) -> None:
    failures: list[BaseException] = []

    def attempt() -> None:
        try:
            migrate_store(fresh.owner_dsn)
        except BaseException as error:  # noqa: BLE001  whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    migrate_store(fresh.owner_dsn)


def test_a_lock_that_others_hold_is_asked_for_again(fresh: Database) -> None:
    """Somebody stores events for longer than a migration waits for a lock."""
    migrate_store(fresh.owner_dsn)
    with psycopg.connect(fresh.owner_dsn) as owner:
        owner.execute("update store.alembic_version set version_num = '0004'")
    with psycopg.connect(fresh.owner_dsn) as busy, ThreadPoolExecutor(1) as pool:
        busy.execute("lock table store.event in row exclusive mode")
        migrating = pool.submit(migrate_store, fresh.owner_dsn)
        wait([migrating], timeout=4)
        assert not migrating.done()
        busy.commit()
        migrating.result(timeout=30)


def test_a_login_that_is_no_superuser_can_migrate(run: Run, fresh: Database) -> None:
    maker = f"maker_{uuid.uuid4().hex[:8]}"
    server = template(run, "store").server
    server.execute(f"create role {maker} login createdb createrole password '{PASSWORD}'")
    # PostgreSQL 15 lets any CREATEROLE manage roles; from 16 on only the ones it administers.
    with psycopg.connect(server.dsn("postgres")) as connection:
        if connection.info.server_version >= 160_000:
            connection.execute(
                sql.SQL("grant paravent_owner to {} with admin option").format(
                    sql.Identifier(maker)
                )
            )
    try:
        migrate_store(server.dsn(fresh.name, role=maker, password=PASSWORD))
        migrate_store(server.dsn(fresh.name, role=maker, password=PASSWORD))
        engine = connect(fresh.dsn("paravent_gateway"), application_name="test")
        with transaction(engine) as connection:
            assert migrate.revision(connection) == migrate.newest()
        engine.dispose()
    finally:
        drop(fresh)
        server.execute(f"drop owned by {maker}")
        server.execute(f"drop role {maker}")


def test_the_server_gets_a_verifier_and_never_the_password(fresh: Database) -> None:
    role = f"runner_{uuid.uuid4().hex[:8]}"
    asked = {"database": fresh.name, "login_roles": (role,)}
    try:
        provision(fresh.server.dsn("postgres"), **asked, passwords={role: PASSWORD})
        with psycopg.connect(fresh.server.dsn("postgres")) as connection:
            row = connection.execute(
                "select rolpassword, rolcanlogin, rolsuper from pg_authid where rolname = %s",
                [role],
            ).fetchone()
        assert row is not None
        assert row[0].startswith("SCRAM-SHA-256$")
        assert row[1:] == (True, False)
        with psycopg.connect(fresh.server.dsn(fresh.name, role=role, password=PASSWORD)):
            pass
        provision(fresh.server.dsn("postgres"), **asked, passwords={})
        fresh.server.execute(f"alter role {role} createdb")
        with pytest.raises(StoreOverprivileged):
            provision(fresh.server.dsn("postgres"), **asked, passwords={})
    finally:
        drop(fresh)
        fresh.server.execute(f"drop role {role}")


def test_a_process_refuses_to_run_as_the_owner(store_owner: Engine, store_gateway: Engine) -> None:
    refuse_overprivileged(store_gateway)
    with pytest.raises(StoreOverprivileged):
        refuse_overprivileged(store_owner)


def test_a_store_that_is_away_is_unavailable_and_names_no_password() -> None:
    engine = connect(
        "postgresql://paravent_gateway:hush@127.0.0.1:9/store", application_name="test"
    )
    with pytest.raises(StoreUnavailable) as raised, transaction(engine):
        pass
    assert "hush" not in f"{raised.value!r}{engine!r}"
    assert raised.value.__cause__ is None
    with pytest.raises(StoreUnavailable) as raised:
        migrate_store("postgresql://root:hush@127.0.0.1:9/store")
    assert "hush" not in str(raised.value)
