"""Too few connections and a database that is too slow: clients come again, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from gateway.embedded.processes import wait_until
from gateway.patience import Patience
from tests.faults.bench import Bench, benched
from tests.faults.threads import PATIENCE_S, meanwhile
from tests.support.postgres import Database

CONNECTIONS = 2
SENDERS = 8
EACH = 4
LARGE = 55
SHORT_S = 0.05  # how long a sender waits for a connection here; five seconds at run time


@pytest.fixture
def bench(store_database: Database, vault_database: Database, tmp_path: Path) -> Iterator[Bench]:
    """More senders than connections."""
    with benched(store_database, vault_database, tmp_path, pool=CONNECTIONS) as bench:
        for engine in (bench.edge.store, bench.edge.vault):
            engine.pool._timeout = SHORT_S
        yield bench


def send_some(bench: Bench) -> int:
    """Send as one sender does; give how often it was told to come again."""
    person = bench.somebody()
    sizes = (1, 1, LARGE, 1)[:EACH]
    return sum(
        bench.deliver_until_answered([bench.order(person) for _ in range(size)]) for size in sizes
    )


def no_connection_is_kept(bench: Bench) -> bool:
    pools = (bench.edge.store.pool, bench.edge.vault.pool)
    return all(pool.checkedout() == 0 for pool in pools)


@pytest.mark.parametrize("side", ["store", "vault"])
def test_more_senders_than_connections_are_told_to_come_again(
    bench: Bench, store_owner: Engine, vault_owner: Engine, side: str
) -> None:
    refused: list[int] = []
    owner = store_owner if side == "store" else vault_owner
    with owner.connect() as held:
        held.execute(text(f"lock table {side}.subject in access exclusive mode"))
        with meanwhile([lambda: refused.append(send_some(bench))] * SENDERS):
            # Nobody gets further than the lock, so every connection is soon in use.
            pool = (bench.edge.store if side == "store" else bench.edge.vault).pool
            assert wait_until(lambda: pool.checkedout() == CONNECTIONS, PATIENCE_S)
            assert wait_until(lambda: bench.refusals >= SENDERS, PATIENCE_S)
            held.rollback()
    assert sum(refused) >= SENDERS - CONNECTIONS
    assert no_connection_is_kept(bench)
    bench.assert_kept()


def test_on_a_slow_disk_everybody_is_answered_in_the_end(bench: Bench) -> None:
    bench.scissors.delay_s = 0.005
    with meanwhile([lambda: _discard(send_some(bench))] * SENDERS):
        pass
    assert no_connection_is_kept(bench)
    bench.assert_kept()


def test_a_database_too_slow_for_our_patience_is_hung_up_on_and_loses_nothing(
    bench: Bench,
) -> None:
    patience = Patience(0.1)
    for engine in (bench.edge.store, bench.edge.vault):
        patience.watch(engine)
    calls = [bench.order(bench.somebody()) for _ in range(LARGE)]
    bench.deliver_until_answered(calls[:1])
    bench.forget_connections()
    bench.scissors.delay_s = 0.2
    try:
        assert bench.deliver(calls) is not None
    finally:
        bench.scissors.delay_s = 0
        patience.close()
    bench.deliver_until_answered(calls)
    assert no_connection_is_kept(bench)
    bench.assert_kept()


def _discard(_count: int) -> None:
    """Threads give nothing back."""
