"""A database that neither answers nor hangs up is hung up on, and only then."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, Engine, text

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


@pytest.mark.parametrize(
    ("side", "away"), [("store_gateway", StoreUnavailable), ("vault_engine", VaultUnavailable)]
)
def test_whoever_waits_for_a_hung_server_is_told_that_it_is_away(
    side: str, away: type[ParaventError], request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(side)
    transaction = store_transaction if side == "store_gateway" else vault_transaction
    watch = Watch()
    patience = Patience(SECONDS, clock=watch)
    patience.watch(engine)
    told: list[BaseException] = []
    begun = threading.Event()

    def wait_for_ever() -> None:
        try:
            with transaction(engine) as connection:
                begun.set()
                connection.execute(text("select pg_sleep(600)"))
        except ParaventError as error:
            told.append(error)

    waiting = threading.Thread(target=wait_for_ever)
    waiting.start()
    assert begun.wait(10)
    watch.now += SECONDS + 1
    waiting.join(10)
    assert not waiting.is_alive()
    assert [type(error) for error in told] == [away]
    with transaction(engine) as connection:
        assert backend(connection)
    patience.close()


def test_a_connection_that_rests_in_the_pool_is_left_alone(store_gateway: Engine) -> None:
    watch = Watch()
    patience = Patience(SECONDS, clock=watch)
    patience.watch(store_gateway)
    with store_transaction(store_gateway) as connection:
        first = backend(connection)
    watch.now += 100
    assert patience.hang_up() == 0
    with store_transaction(store_gateway) as connection:
        watch.now += SECONDS - 1
        assert patience.hang_up() == 0
        assert backend(connection) == first
    patience.close()
