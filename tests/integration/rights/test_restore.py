"""A restored backup serves nobody until it knows who was erased; then they are gone from it too."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from gateway.cli import restoring
from gateway.rights import restore
from gateway.rights.cases import CaseType, Step
from gateway.rights.errors import ResultExpired
from gateway.rights.gate import Gate, RestorePending, RestoreUnchecked
from gateway.rights.service import Request, RightsService
from pseudonymizer.errors import JournalMissing, KeyDestroyed
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.vault import rotate
from pseudonymizer.vault.transactions import connect as vault_connect
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.builders import ADA, GRACE, track
from tests.support.edge import TestEdge, make_edge
from tests.support.postgres import Database, clone, drop
from tests.support.rights import CONFIRMED, Killed, RightsDesk, seed_everywhere
from workers.store.transactions import connect as store_connect
from workers.store.transactions import transaction as store_transaction


@pytest.fixture
def file(desk: RightsDesk, tmp_path: Path) -> JournalFile:
    journal = JournalFile(tmp_path / "erasures.jsonl")
    journal.make()
    _journalling(desk.service, journal)
    return journal


def _journalling(service: RightsService, journal: JournalFile) -> RightsService:
    service.ports = replace(service.ports, journal=journal)
    return service


class Backup:
    """Both databases as they were, and a desk that works on them."""

    def __init__(self, store: Database, vault: Database, folder: Path) -> None:
        self.store, self.vault = clone(store), clone(vault)
        self._folder = folder
        self._engines: list[Engine] = []

    def desk(self, *, store: Database | None = None, vault: Database | None = None) -> RightsDesk:
        of_store, of_vault = store or self.store, vault or self.vault
        made = [
            store_connect(of_store.dsn(f"paravent_{role}"), pool_size=2, application_name="backup")
            for role in ("gateway", "auditor", "workers")
        ] + [
            vault_connect(of_vault.dsn(f"paravent_{role}"), pool_size=2, application_name="backup")
            for role in ("vault", "gateway")
        ]
        self._engines += made
        gateway, auditor, workers, vault_, rights = made
        edge = make_edge(gateway, vault_, self._folder)
        return RightsDesk(edge, rights, auditor, workers)

    def let_go(self) -> None:
        for engine in self._engines:
            engine.dispose()
        drop(self.store)
        drop(self.vault)


def _free(*engines: Engine) -> None:
    """Let go of connections: a database is copied while nobody is connected to it."""
    for engine in engines:
        engine.dispose()


@pytest.fixture
def backup(
    desk: RightsDesk, store_database: Database, vault_database: Database, tmp_path: Path
) -> Iterator[Backup]:
    """Seed two people, and copy everything before anybody is erased."""
    seed_everywhere(desk)
    seed_everywhere(desk, GRACE)
    _free(desk.edge.store, desk.edge.vault, desk.rights, desk.auditor, desk.workers)
    copied = Backup(store_database, vault_database, tmp_path)
    yield copied
    copied.let_go()


def _missing(file: JournalFile, desk: RightsDesk) -> int:
    return len(restore.missing(file, desk.edge.store, desk.edge.vault))


def _replay(file: JournalFile, desk: RightsDesk) -> restore.Replayed:
    lines = restore.missing(file, desk.edge.store, desk.edge.vault)
    return restore.replay(desk.service.ports, lines, lambda _done, _of: None)


def _comes_back(desk: RightsDesk) -> int:
    """Send an event of ADA, and count what is stored of it."""
    before = desk.edge.rows("select count(*) from store.event")
    desk.edge.send(track("Product Viewed", ADA, at=datetime.now(UTC)))
    return desk.edge.rows("select count(*) from store.event")[0][0] - before[0][0]


def test_an_erasure_is_written_down_before_anything_is_deleted(
    desk: RightsDesk, file: JournalFile
) -> None:
    seed_everywhere(desk)
    service = _journalling(desk.kill_after(Step.VAULT_FENCED), file)
    case = service.open(None, Request(CaseType.ERASURE, (("email", ADA.email),), CONFIRMED))
    with pytest.raises(Killed):
        service.run(case.id)
    (line,) = file.lines()
    assert line.case == case.id
    assert {domain for domain, _ in line.pids} == set(desk.service.ports.rules.domains)
    assert len(line.marks) >= 3  # the address, the number and the browser, at least
    assert _missing(file, desk) == 0  # it is under way
    desk.service.run(case.id)
    assert file.lines() == [replace(line, done=True)]
    assert _missing(file, desk) == 0


def test_both_databases_restored_know_again_who_was_erased(
    desk: RightsDesk, file: JournalFile, backup: Backup
) -> None:
    desk.erase(("email", ADA.email))
    restored = backup.desk()
    assert _missing(file, restored) == 1
    done = _replay(file, restored)
    assert done.erasures == 1
    assert done.rows > 10
    assert _missing(file, restored) == 0
    assert _replay(file, restored) == (0, 0, 0, 0)
    assert _comes_back(restored) == 0
    assert restored.report(("email", GRACE.email))["records"]
    assert any("restore:erasure-replayed" in entry for entry in restored.entries())


def test_a_restored_store_alone_is_found_out(
    desk: RightsDesk, file: JournalFile, backup: Backup, vault_database: Database
) -> None:
    desk.erase(("email", ADA.email))
    restored = backup.desk(vault=vault_database)
    assert _missing(file, restored) == 1
    assert _replay(file, restored).rows > 10
    assert _missing(file, restored) == 0


def test_a_restored_vault_alone_is_found_out(
    desk: RightsDesk, file: JournalFile, backup: Backup, store_database: Database
) -> None:
    desk.erase(("email", ADA.email))
    restored = backup.desk(store=store_database)
    assert _missing(file, restored) == 1
    done = _replay(file, restored)
    assert (done.rows, done.subjects > 0) == (0, True)
    assert _comes_back(restored) == 0


def test_a_backup_older_than_the_window_cannot_be_brought_back(
    desk: RightsDesk, file: JournalFile, backup: Backup
) -> None:
    desk.erase(("email", ADA.email))
    rotate.rotate(desk.edge.vault, desk.edge.keyring, "kek")
    rotate.move(desk.edge.vault, desk.edge.keyring, "kek")
    rotate.destroy(desk.edge.vault, desk.edge.keyring, "kek", 1)
    restored = backup.desk()
    with pytest.raises(KeyDestroyed):
        _replay(file, restored)
    with pytest.raises(KeyDestroyed):  # and nobody is attributed there, erased or not
        restored.edge.send(track("Product Viewed", ADA, at=datetime.now(UTC)))


def test_replaying_may_be_stopped_anywhere(
    desk: RightsDesk, file: JournalFile, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.erase(("email", ADA.email))
    restored = backup.desk()

    def dies(*_: object) -> None:
        raise Killed

    for step in ("erase", "mark_erased"):
        with monkeypatch.context() as patched:
            patched.setattr(restore.erasure, step, dies)
            with pytest.raises(Killed):
                _replay(file, restored)
        assert _missing(file, restored) == 1
    assert _replay(file, restored).rows > 10
    assert _missing(file, restored) == 0


def test_an_erasure_of_before_there_was_a_file_is_written_down(
    desk: RightsDesk, tmp_path: Path
) -> None:
    seed_everywhere(desk)
    desk.erase(("email", ADA.email))
    file = JournalFile(tmp_path / "erasures.jsonl")
    with pytest.raises(JournalMissing):  # somebody is in the vault, so there should be one
        _missing(file, desk)
    file.make()
    assert _missing(file, desk) == 0
    (line,) = file.lines()
    assert line.pids
    assert len(line.marks) >= 3


def test_a_new_installation_begins_its_file(desk: RightsDesk, tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "erasures.jsonl")
    assert _missing(file, desk) == 0
    assert file.exists()


def test_erasures_of_before_there_was_a_file_come_back_from_no_backup(
    desk: RightsDesk, backup: Backup, tmp_path: Path
) -> None:
    desk.erase(("email", ADA.email))
    file = JournalFile(tmp_path / "erasures.jsonl")
    file.make()
    assert _missing(file, desk) == 0
    restored = backup.desk()
    assert _replay(file, restored).rows > 10
    assert _comes_back(restored) == 0


def test_a_copy_made_in_the_midst_of_an_erasure_lacks_it(
    desk: RightsDesk, file: JournalFile, store_database: Database, vault_database: Database,
    tmp_path: Path,
) -> None:  # fmt: skip
    seed_everywhere(desk)
    service = _journalling(desk.kill_after(Step.VAULT_FENCED), file)
    case = service.open(None, Request(CaseType.ERASURE, (("email", ADA.email),), CONFIRMED))
    with pytest.raises(Killed):
        service.run(case.id)
    _free(desk.edge.store, desk.edge.vault, desk.rights, desk.auditor, desk.workers)
    copied = Backup(store_database, vault_database, tmp_path)
    try:
        desk.service.run(case.id)
        restored = copied.desk()
        assert _missing(file, restored) == 1
        assert _replay(file, restored).rows > 10
        assert _missing(file, restored) == 0
    finally:
        copied.let_go()


def test_a_number_that_was_dealt_again_is_somebody_else(
    desk: RightsDesk, file: JournalFile, backup: Backup
) -> None:
    newcomer = replace(ADA, user_id="u-late", email="late@example.org", anonymous_id="a-late")
    seed_everywhere(desk, newcomer)
    desk.erase(("email", newcomer.email))
    restored = backup.desk()
    seed_everywhere(restored, replace(newcomer, email="other@example.org", user_id="u-other",
                                      anonymous_id="a-other"))  # fmt: skip
    assert _replay(file, restored).subjects == 0
    assert restored.report(("email", "other@example.org"))["records"]


# Kept under somebody else at the time of the backup


MAIL = ("email", ADA.email)


def _parted_and_erased(desk: RightsDesk) -> None:
    """Take ADA's address off her account, as another person's; erase that one."""
    assert desk.ask(CaseType.UNLINK, ("user_id", ADA.user_id), MAIL).reason is None
    desk.edge.resolver.clear()
    desk.erase(MAIL)


def _addresses(desk: RightsDesk) -> int:
    with vault_transaction(desk.edge.vault) as vault:
        kept = text("select count(*) from vault.identifier where kind = 'email'")
        return int(vault.execute(kept).scalar_one())


def test_an_address_is_not_brought_back_under_whom_it_was_taken_off(
    desk: RightsDesk, file: JournalFile, backup: Backup
) -> None:
    _parted_and_erased(desk)
    restored = backup.desk()
    assert _missing(file, restored) == 1
    assert (_addresses(restored), _replay(file, restored).identifiers) == (2, 1)
    assert _addresses(restored) == 1
    assert _missing(file, restored) == 0
    report = restored.report(("user_id", ADA.user_id))
    assert ADA.email not in json.dumps(report)
    assert report["held"]["store.event"] > 0
    assert restored.report(("email", GRACE.email))["held"]["store.event"] > 0
    assert restored.ask(CaseType.ACCESS, MAIL).reason == "not_identifiable"
    assert any("restore:identifiers-dropped" in entry for entry in restored.entries())


def test_it_is_found_after_the_marks_were_nested_into_another_version(
    desk: RightsDesk, file: JournalFile, backup: Backup
) -> None:
    rotate.rotate(desk.edge.vault, desk.edge.keyring, "sup")
    _parted_and_erased(desk)
    restored = backup.desk()
    assert _replay(file, restored).identifiers == 1
    assert _addresses(restored) == 1


def test_a_report_from_before_that_shows_it_goes_with_it(
    desk: RightsDesk, file: JournalFile, store_database: Database, vault_database: Database,
    tmp_path: Path,
) -> None:  # fmt: skip
    seed_everywhere(desk)
    case = desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id)).id
    assert ADA.email in json.dumps(desk.service.result(None, case))
    _free(desk.edge.store, desk.edge.vault, desk.rights, desk.auditor, desk.workers)
    copied = Backup(store_database, vault_database, tmp_path)
    try:
        _parted_and_erased(desk)
        restored = copied.desk()
        _replay(file, restored)
        with pytest.raises(ResultExpired):
            restored.service.result(None, case)
    finally:
        copied.let_go()


def test_a_replay_stopped_after_it_went_finds_the_erasure_missing_still(
    desk: RightsDesk, file: JournalFile, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    _parted_and_erased(desk)
    restored = backup.desk()

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(restore.tombstones, "place", dies)
        with pytest.raises(Killed):
            _replay(file, restored)
    assert (_missing(file, restored), _addresses(restored)) == (1, 1)
    assert _replay(file, restored).erasures == 1
    assert _missing(file, restored) == 0


# The gate


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
