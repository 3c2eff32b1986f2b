"""Nothing is asked of a restored server before it was compared with the journal."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from gateway.cli import restoring
from gateway.rights import restore
from gateway.rights.gate import Gate, RestorePending, RestoreUnchecked
from tests.support.backup import Backup
from tests.support.builders import ADA, GRACE, track
from tests.support.edge import TestEdge
from tests.support.postgres import Database
from tests.support.rights import RightsDesk
from workers.store.transactions import connect as store_connect
from workers.store.transactions import transaction as store_transaction


class Servers:
    """What a gate looks at, as tests like it."""

    def __init__(self, store: Engine, vault: Engine) -> None:
        self.store, self.vault = store, vault
        self.count = 0
        self.looks = 0

    def missing(self) -> int:
        self.looks += 1
        return self.count

    def now(self) -> frozenset[restore.Fingerprint]:
        return restore.fingerprints(self.store, self.vault)


@pytest.fixture
def servers(store_gateway: Engine, vault_engine: Engine) -> Servers:
    return Servers(store_gateway, vault_engine)


@pytest.fixture
def guarded(store_database: Database) -> Iterator[Engine]:
    engine = store_connect(
        store_database.dsn("paravent_gateway"), pool_size=2, application_name="guarded"
    )
    yield engine
    engine.dispose()


def _one(engine: Engine) -> int:
    with store_transaction(engine) as connection:
        return int(connection.execute(text("select 1")).scalar_one())


def test_a_server_nobody_looked_at_is_not_talked_to(servers: Servers, guarded: Engine) -> None:
    gate = Gate(servers.missing, servers.now)
    gate.guard(guarded)
    with pytest.raises(RestoreUnchecked):
        _one(guarded)
    assert gate.wanted
    gate.look()
    assert not gate.wanted
    assert _one(guarded) == 1


def test_a_server_that_lacks_an_erasure_is_not_talked_to(servers: Servers, guarded: Engine) -> None:
    gate = Gate(servers.missing, servers.now)
    gate.guard(guarded)
    servers.count = 3
    with pytest.raises(RestorePending, match="3 erasures"):
        gate.look()
    with pytest.raises(RestoreUnchecked):
        _one(guarded)
    servers.count = 0
    gate.look()
    assert _one(guarded) == 1


def test_a_server_that_is_exchanged_while_it_is_looked_at_is_looked_at_again(
    servers: Servers, guarded: Engine
) -> None:
    answers = iter([frozenset({("before",)}), frozenset({("after",)})])
    gate = Gate(servers.missing, lambda: next(answers))
    gate.guard(guarded)
    with pytest.raises(RestoreUnchecked):
        _one(guarded)
    gate.look()
    assert gate.wanted
    with pytest.raises(RestoreUnchecked):
        _one(guarded)


def test_what_was_learned_of_a_server_is_forgotten_before_another_is_let_in() -> None:
    """A restored store deals its numbers again: the word behind one may be another."""
    now = [frozenset({("before",)})]
    forgotten: list[bool] = []
    gate = Gate(lambda: 0, lambda: now[0])
    gate.forget = lambda: forgotten.append(gate.wanted)
    gate.look()
    gate.look()
    assert forgotten == []
    now[0] = frozenset({("after",)})
    gate.look()
    assert len(forgotten) == 1


def test_a_gateway_that_stays_up_asks_a_restored_store_for_its_words_anew(
    desk: RightsDesk, backup: Backup
) -> None:
    def seen(edge: TestEdge, product: str) -> None:
        edge.send(track("Product Viewed", GRACE, at=datetime.now(UTC),
                        properties={"product_id": product}))  # fmt: skip

    seen(desk.edge, "learned-after-the-backup")
    restored = backup.desk()
    seen(restored.edge, "dealt-the-same-number")
    desk.edge.ingest.store = restored.edge.store  # the same process, another server behind it
    desk.edge.ingest.forget()
    seen(desk.edge, "learned-after-the-backup")
    words = restored.edge.rows(
        "select distinct word.value from store.event"
        " join store.dictionary word on word.id = event.product"
    )
    assert ("learned-after-the-backup",) in words


def test_connections_that_were_let_in_cost_nothing_more(servers: Servers, guarded: Engine) -> None:
    gate = Gate(servers.missing, servers.now)
    gate.look()
    gate.guard(guarded)
    threads = [threading.Thread(target=_one, args=(guarded,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert servers.looks == 1
    assert not gate.wanted


# Without an installation's folder: in a container, or under systemd


@pytest.mark.usefixtures("file")
def test_the_command_works_by_a_gateways_own_settings(
    desk: RightsDesk, backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.erase(("email", ADA.email))
    given = {
        "STORE_DSN": backup.store.dsn("paravent_gateway"),
        "VAULT_DSN": backup.vault.dsn("paravent_vault"),
        "RIGHTS_DSN": backup.vault.dsn("paravent_gateway"),
        "AUDITOR_DSN": backup.store.dsn("paravent_auditor"),
        "KEYS": str(tmp_path / "keys.json"),
        "ERASURE_JOURNAL": str(tmp_path / "erasures.jsonl"),
    }
    for name, value in given.items():
        monkeypatch.setenv(f"PARAVENT_{name}", value)
    runner = CliRunner()
    found = runner.invoke(restoring.app, ["check", "--json"])
    assert (found.exit_code, json.loads(found.stdout)) == (1, {"erasures": 1, "missing": 1})
    done = runner.invoke(restoring.app, ["replay", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"] > 10
    assert runner.invoke(restoring.app, ["check", "--json"]).exit_code == 0
