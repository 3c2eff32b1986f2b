"""Workers work on no server that a gateway has not compared with the erasure journal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from tests.support.postgres import Database, clone, drop
from workers.store import known_server
from workers.store.known_server import ServerUnknown
from workers.store.transactions import connect, transaction


def worker(database: Database) -> Engine:
    engine = connect(database.dsn("paravent_workers"), pool_size=1, application_name="guarded")
    known_server.guard(engine)
    return engine


def works(engine: Engine) -> bool:
    try:
        with transaction(engine) as connection:
            connection.execute(text("select 1"))
    except ServerUnknown:
        return False
    finally:
        engine.dispose()
    return True


@pytest.fixture
def copy(store_database: Database, store_gateway: Engine) -> Iterator[Database]:
    """A copy of the store, made after a gateway had looked at it."""
    with transaction(store_gateway) as connection:
        known_server.put(connection)
    store_gateway.dispose()
    copied = clone(store_database)
    yield copied
    drop(copied)


def test_nobody_works_before_a_gateway_has_looked(
    store_database: Database, store_gateway: Engine
) -> None:
    engine = worker(store_database)
    assert not works(engine)
    with transaction(store_gateway) as connection:
        known_server.put(connection)
        known_server.put(connection)
    assert works(engine)


def test_a_copy_brings_no_leave_to_work_along(store_database: Database, copy: Database) -> None:
    assert works(worker(store_database))
    assert not works(worker(copy))


@pytest.mark.parametrize("column", ["system", "timeline", "database"])
def test_another_system_timeline_or_database_is_another_server(
    store_database: Database, store_gateway: Engine, store_owner: Engine, column: str
) -> None:
    with transaction(store_gateway) as connection:
        known_server.put(connection)
    with transaction(store_owner) as connection:
        connection.execute(text(f"update store.known_server set {column} = {column} + 1"))
    assert not works(worker(store_database))


def test_a_worker_cannot_give_itself_leave(store_workers: Engine) -> None:
    with pytest.raises(Exception, match="refused"), transaction(store_workers) as connection:
        known_server.put(connection)
