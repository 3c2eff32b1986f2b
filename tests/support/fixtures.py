"""Fixtures over :mod:`tests.support.postgres`: a fresh clone per test, engines per role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from tests.support.postgres import Database, clone, drop, template
from tests.support.run import Run

Connect = Callable[..., Engine]


def _clone_of(run: Run, side: str) -> Iterator[Database]:
    database = clone(template(run, side))
    yield database
    drop(database)


@pytest.fixture
def store_database(run: Run) -> Iterator[Database]:
    yield from _clone_of(run, "store")


@pytest.fixture
def vault_database(run: Run) -> Iterator[Database]:
    yield from _clone_of(run, "vault")


def _engine(connect: Connect, dsn: str) -> Iterator[Engine]:
    engine = connect(dsn, pool_size=4, application_name="paravent-tests")
    yield engine
    engine.dispose()


def _store(dsn: str) -> Iterator[Engine]:
    from workers.store.transactions import connect

    yield from _engine(connect, dsn)


def _vault(dsn: str) -> Iterator[Engine]:
    from pseudonymizer.vault.transactions import connect

    def named(dsn: str, *, pool_size: int, application_name: str) -> Engine:
        del application_name  # the vault names its connections itself
        return connect(dsn, pool_size=pool_size)

    yield from _engine(named, dsn)


@pytest.fixture
def store_owner(store_database: Database) -> Iterator[Engine]:
    yield from _store(store_database.owner_dsn)


@pytest.fixture
def store_gateway(store_database: Database) -> Iterator[Engine]:
    yield from _store(store_database.dsn("paravent_gateway"))


@pytest.fixture
def store_workers(store_database: Database) -> Iterator[Engine]:
    yield from _store(store_database.dsn("paravent_workers"))


@pytest.fixture
def store_auditor(store_database: Database) -> Iterator[Engine]:
    yield from _store(store_database.dsn("paravent_auditor"))


@pytest.fixture
def vault_owner(vault_database: Database) -> Iterator[Engine]:
    yield from _vault(vault_database.owner_dsn)


@pytest.fixture
def vault_engine(vault_database: Database) -> Iterator[Engine]:
    yield from _vault(vault_database.dsn("paravent_vault"))


@pytest.fixture
def rights_engine(vault_database: Database) -> Iterator[Engine]:
    yield from _store(vault_database.dsn("paravent_gateway"))
