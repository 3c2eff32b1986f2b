"""A restored backup serves nobody until it knows who was erased; then they are gone from it too."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.rights import restore
from gateway.rights.cases import CaseType, Step
from gateway.rights.errors import ResultExpired
from gateway.rights.service import Request
from pseudonymizer.errors import JournalMissing, KeyDestroyed
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.vault import rotate
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.backup import Backup, journalling, let_go
from tests.support.builders import ADA, GRACE, track
from tests.support.postgres import Database
from tests.support.rights import CONFIRMED, Killed, RightsDesk, seed_everywhere


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
    service = journalling(desk.kill_after(Step.VAULT_FENCED), file)
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
    service = journalling(desk.kill_after(Step.VAULT_FENCED), file)
    case = service.open(None, Request(CaseType.ERASURE, (("email", ADA.email),), CONFIRMED))
    with pytest.raises(Killed):
        service.run(case.id)
    let_go(desk.edge.store, desk.edge.vault, desk.rights, desk.auditor, desk.workers)
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
    let_go(desk.edge.store, desk.edge.vault, desk.rights, desk.auditor, desk.workers)
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
