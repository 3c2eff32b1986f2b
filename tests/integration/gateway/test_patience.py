"""A database that neither answers nor hangs up is hung up on, and only then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import Connection as Driver
from sqlalchemy import Connection, Engine, event, text

from gateway.patience import Patience
from policies.errors import ParaventError, StoreUnavailable, VaultUnavailable
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store.transactions import transaction as store_transaction

SECONDS = 6.0


class Watch:
    """What a test says the time is."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def backend(connection: Connection) -> int:
    return int(connection.execute(text("select pg_backend_pid()")).scalar_one())


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def told_late(watch: Watch, begun: threading.Event, wait: Callable[[], None]) -> list[type]:
    """Let somebody *wait*, and time pass once they have *begun*; give what they are told."""
    told: list[type] = []

    def listening() -> None:
        try:
            wait()
        except ParaventError as error:
            told.append(type(error))

    waiting = threading.Thread(target=listening, daemon=True)
    waiting.start()
    assert begun.wait(10)
    watch.now += SECONDS + 1
    waiting.join(10)
    assert not waiting.is_alive(), "it waits for ever"
    return told


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def patience(watch: Watch) -> Iterator[Patience]:
    patience = Patience(SECONDS, clock=watch)
    yield patience
    patience.close()


@pytest.mark.parametrize("before", [False, True], ids=["new", "made before it was watched"])
@pytest.mark.parametrize(
    ("side", "away"), [("store_gateway", StoreUnavailable), ("vault_engine", VaultUnavailable)]
)
def test_whoever_waits_for_a_hung_server_is_told_that_it_is_away(
    side: str,
    away: type[ParaventError],
    before: bool,  # noqa: FBT001
    watch: Watch,
    patience: Patience,
    request: pytest.FixtureRequest,
) -> None:
    engine: Engine = request.getfixturevalue(side)
    transaction = store_transaction if side == "store_gateway" else vault_transaction
    if before:
        with transaction(engine) as connection:
            assert backend(connection)
    patience.watch(engine)
    begun = threading.Event()

    def wait_for_ever() -> None:
        with transaction(engine) as connection:
            begun.set()
            connection.execute(text("select pg_sleep(600)"))

    assert told_late(watch, begun, wait_for_ever) == [away]
    with transaction(engine) as connection:
        assert backend(connection)


def test_a_server_that_hangs_as_soon_as_it_is_connected_to_is_hung_up_on(
    store_gateway: Engine, watch: Watch, patience: Patience
) -> None:
    begun, hangs = threading.Event(), True

    def ask(driver: Driver, _entry: object) -> None:  # as the gate asks what server this is
        if hangs:
            begun.set()
            driver.execute("select pg_sleep(600)")

    event.listen(store_gateway, "connect", ask)
    patience.watch(store_gateway)

    def connect() -> None:
        with store_transaction(store_gateway):
            pass

    assert told_late(watch, begun, connect) == [StoreUnavailable]
    hangs = False
    with store_transaction(store_gateway) as connection:
        assert backend(connection)


def test_of_connections_that_were_refused_nothing_is_kept(
    store_gateway: Engine, watch: Watch, patience: Patience
) -> None:
    def refuse(_driver: Driver, _entry: object) -> None:
        raise StoreUnavailable("another server was needed")

    event.listen(store_gateway, "connect", refuse)
    patience.watch(store_gateway)
    patience.hang_up()
    before = open_files()
    for _ in range(20):
        with pytest.raises(StoreUnavailable), store_transaction(store_gateway):
            pass
    watch.now += SECONDS + 1
    assert patience.hang_up() == 0
    assert open_files() < before + 20


def test_a_connection_that_rests_in_the_pool_is_left_alone(
    store_gateway: Engine, watch: Watch, patience: Patience
) -> None:
    patience.watch(store_gateway)
    with store_transaction(store_gateway) as connection:
        first = backend(connection)
    watch.now += 100
    assert patience.hang_up() == 0
    with store_transaction(store_gateway) as connection:
        watch.now += SECONDS - 1
        assert patience.hang_up() == 0
        assert backend(connection) == first
