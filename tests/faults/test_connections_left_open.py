"""Whoever finds its line broken leaves no connection of its neighbours open."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Barrier, Event

import psycopg
import pytest
from sqlalchemy import Connection, Engine

from policies.errors import StoreUnavailable, VaultUnavailable
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.postgres import Database
from workers.store.transactions import transaction as store_transaction

POOLED = 4  # connections of the engines that the fixtures give
OPEN = "select count(*) from pg_stat_activity where datname = %s and usename = %s"

Begin = Callable[[Engine], AbstractContextManager[Connection]]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """A gateway looks for garbage seldom (``gateway/app.py``); here it does not at all."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_the_neighbours_of_a_broken_line_to_the_store_leave_none_open(
    store_gateway: Engine, store_database: Database
) -> None:
    for _ in range(3):
        break_one_of_several(store_gateway, store_transaction)
    assert left_open(store_database, "paravent_gateway") <= POOLED


@pytest.mark.usefixtures("no_collector")
def test_the_neighbours_of_a_broken_line_to_the_vault_leave_none_open(
    vault_engine: Engine, vault_database: Database
) -> None:
    for _ in range(3):
        break_one_of_several(vault_engine, vault_transaction)
    assert left_open(vault_database, "paravent_vault") <= POOLED


def break_one_of_several(engine: Engine, begin: Begin) -> None:
    """End one connection while all are in use; wait until everybody has ended their transaction."""
    together, broken = Barrier(POOLED), Event()

    def use(number: int) -> None:
        with begin(engine) as connection:
            said(connection, "select 1")
            together.wait(30)
            if number:
                broken.wait(30)
            else:
                said(connection, "select pg_terminate_backend(pg_backend_pid())")

    with ThreadPoolExecutor(POOLED) as threads:
        first, *others = [threads.submit(use, number) for number in range(POOLED)]
        with pytest.raises((StoreUnavailable, VaultUnavailable)):
            first.result(30)
        broken.set()
        for other in others:
            other.result(30)


def said(connection: Connection, statement: str) -> None:
    """Run a statement as ours do, past SQLAlchemy, which therefore does not see the line break."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    driver.execute(statement.encode())


def left_open(database: Database, role: str) -> int:
    with psycopg.connect(database.owner_dsn) as server:
        row = server.execute(OPEN.encode(), (database.name, role)).fetchone()
    assert row is not None
    return int(row[0])
