"""Statements sent ahead of their answers: the same results, and the same errors, in the end."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from policies.errors import StoreUnavailable
from workers.store.errors import StoreRefused
from workers.store.transactions import pipelined, rows_of, run, transaction

COUNT = "select count(*)::int8 from store.purpose"
ADD = "insert into store.purpose (key) values (%s)"


def test_what_is_read_has_seen_all_that_was_sent_before(store_gateway: Engine) -> None:
    with transaction(store_gateway) as connection, pipelined(connection):
        ((before,),) = rows_of(connection, COUNT, ())
        for key in ("one", "two", "three"):
            assert run(connection, ADD, (key,)) == -1
        assert rows_of(connection, COUNT, ()) == [(before + 3,)]


def test_no_rows_are_no_rows(store_gateway: Engine) -> None:
    with transaction(store_gateway) as connection, pipelined(connection):
        assert rows_of(connection, "select id from store.subject where id = %s", (-1,)) == []


def sent(engine: Engine, *keys: str) -> None:
    with transaction(engine) as connection, pipelined(connection):
        for key in keys:
            run(connection, ADD, (key,))


def test_a_statement_that_fails_takes_the_others_along_and_is_named(store_gateway: Engine) -> None:
    with transaction(store_gateway) as connection:
        before = rows_of(connection, COUNT, ())
    with pytest.raises(StoreRefused, match="23505"):
        sent(store_gateway, "once", "once", "never")
    with transaction(store_gateway) as connection:
        assert rows_of(connection, COUNT, ()) == before


def test_a_connection_that_breaks_in_the_middle_is_an_outage(
    store_gateway: Engine, store_owner: Engine
) -> None:
    def broken() -> None:
        with transaction(store_gateway) as connection, pipelined(connection):
            ((backend,),) = rows_of(connection, "select pg_backend_pid()", ())
            run(connection, ADD, ("lost",))
            with transaction(store_owner) as owner:
                rows_of(owner, "select pg_terminate_backend(%s, 5000)", (backend,))
            run(connection, ADD, ("lost, too",))

    with pytest.raises(StoreUnavailable):
        broken()
