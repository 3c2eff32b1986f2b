"""What the vault's transactions make of a PostgreSQL that goes away, and of one that says no."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text

from pseudonymizer.errors import VaultContended, VaultRefused, VaultUnavailable
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.transactions import connect, transaction
from tests.support.postgres import Database

POOLED = 4


def use_every_connection(engine: Engine) -> None:
    together = Barrier(POOLED)

    def use() -> None:
        with transaction(engine) as connection:
            run(connection, "select 1")
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
    vault_engine: Engine, vault_database: Database
) -> None:
    use_every_connection(vault_engine)
    end_connections(vault_database)
    with pytest.raises(VaultUnavailable) as away, transaction(vault_engine) as connection:
        run(connection, "select 1")
    assert away.value.__cause__ is None
    use_every_connection(vault_engine)


def test_a_connection_that_breaks_at_the_commit_is_the_vault_being_away(
    vault_engine: Engine, vault_database: Database
) -> None:
    def commit_to_nobody() -> None:
        with transaction(vault_engine) as connection:
            run(connection, "select 1")
            end_connections(vault_database)

    with pytest.raises(VaultUnavailable):
        commit_to_nobody()


def test_a_server_that_is_not_there_is_the_vault_being_away() -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:1/vault")
    with pytest.raises(VaultUnavailable), transaction(nowhere):
        pass


@pytest.mark.parametrize("state", ["53300", "57P03", "58030", "25P03", "25006", "3D000"])
def test_what_another_try_later_may_mend_is_the_vault_being_away(
    vault_engine: Engine, state: str
) -> None:
    with pytest.raises(VaultUnavailable) as error, transaction(vault_engine) as connection:
        raise_in(connection, state)
    assert type(error.value) is VaultUnavailable


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014"])
def test_what_another_try_at_once_may_mend_is_the_vault_being_contended(
    vault_engine: Engine, state: str
) -> None:
    with pytest.raises(VaultContended), transaction(vault_engine) as connection:
        raise_in(connection, state)


@pytest.mark.parametrize("state", ["23505", "22P05", "42501", "XX000"])
def test_what_no_try_will_mend_is_refused_without_a_word_of_the_row(
    vault_engine: Engine, state: str
) -> None:
    with pytest.raises(VaultRefused, match=state) as error, transaction(vault_engine) as using:
        raise_in(using, state)
    assert error.value.__cause__ is None
    assert "ada" not in str(error.value)


def test_a_value_the_driver_will_not_send_is_refused_and_not_an_outage(
    vault_engine: Engine,
) -> None:
    """Taken for an outage it would be sent again for ever, and hold its neighbours up."""
    with pytest.raises(VaultRefused), transaction(vault_engine) as connection:
        run(connection, "select %s::text", "ada\0lovelace")


def raise_in(connection: Connection, state: str) -> None:
    body = f"begin raise exception using errcode = '{state}', message = 'x', detail = 'ada'; end"
    connection.execute(text(f"do $$ {body} $$"))
