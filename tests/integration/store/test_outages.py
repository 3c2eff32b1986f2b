"""What the store's transactions make of a PostgreSQL that goes away, and of one that says no."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text

from tests.support.postgres import Database
from workers.store.errors import StoreBusy, StoreRefused, StoreUnavailable
from workers.store.transactions import connect, run, transaction

POOLED = 4


def use_every_connection(engine: Engine) -> None:
    together = Barrier(POOLED)

    def use() -> None:
        with transaction(engine) as connection:
            run(connection, "select 1", ())
            together.wait(30)

    with ThreadPoolExecutor(POOLED) as threads:
        for done in [threads.submit(use) for _ in range(POOLED)]:
            done.result()


def end_connections(database: Database) -> None:
    with psycopg.connect(database.server.dsn("postgres"), autocommit=True) as server:
        server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            (database.name,),
        )


def test_one_failure_is_enough_to_forget_every_connection_of_a_server_that_went(
    store_gateway: Engine, store_database: Database
) -> None:
    use_every_connection(store_gateway)
    end_connections(store_database)
    with pytest.raises(StoreUnavailable) as away, transaction(store_gateway) as connection:
        run(connection, "select 1", ())
    assert away.value.__cause__ is None
    use_every_connection(store_gateway)


def test_a_connection_that_breaks_at_the_commit_is_the_store_being_away(
    store_gateway: Engine, store_database: Database
) -> None:
    def commit_to_nobody() -> None:
        with transaction(store_gateway) as connection:
            run(connection, "select 1", ())
            end_connections(store_database)

    with pytest.raises(StoreUnavailable):
        commit_to_nobody()


def test_a_server_that_is_not_there_is_the_store_being_away() -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:1/store", application_name="paravent-tests")
    with pytest.raises(StoreUnavailable), transaction(nowhere):
        pass


@pytest.mark.parametrize("state", ["53300", "57P03", "58030", "25P03", "25006", "3D000"])
def test_what_another_try_later_may_mend_is_the_store_being_away(
    store_gateway: Engine, state: str
) -> None:
    with pytest.raises(StoreUnavailable) as error, transaction(store_gateway) as connection:
        raise_in(connection, state)
    assert type(error.value) is StoreUnavailable


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014"])
def test_what_another_try_at_once_may_mend_is_the_store_being_busy(
    store_gateway: Engine, state: str
) -> None:
    with pytest.raises(StoreBusy), transaction(store_gateway) as connection:
        raise_in(connection, state)


@pytest.mark.parametrize("state", ["23505", "22P05", "42501", "XX000"])
def test_what_no_try_will_mend_is_refused_without_a_word_of_the_row(
    store_gateway: Engine, state: str
) -> None:
    with pytest.raises(StoreRefused, match=state) as error, transaction(store_gateway) as using:
        raise_in(using, state)
    assert error.value.__cause__ is None
    assert "ada" not in str(error.value)


def test_a_value_the_driver_will_not_send_is_refused_and_not_an_outage(
    store_gateway: Engine,
) -> None:
    """Taken for an outage it would be sent again for ever, and hold its neighbours up."""
    with pytest.raises(StoreRefused), transaction(store_gateway) as connection:
        run(connection, "select %s::text", ("ada\0lovelace",))


def raise_in(connection: Connection, state: str) -> None:
    body = f"begin raise exception using errcode = '{state}', message = 'x', detail = 'ada'; end"
    connection.execute(text(f"do $$ {body} $$"))
