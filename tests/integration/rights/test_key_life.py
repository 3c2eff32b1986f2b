"""The wrapping key goes by its schedule: an old backup opens for nobody, and it is on record."""

from __future__ import annotations

import dataclasses
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.rights import key_life
from gateway.rights.cases import CaseType
from gateway.rights.key_life import KeyLife, by_schedule
from pseudonymizer import ratchet
from pseudonymizer.errors import JournalMissing, KeyDestroyed, KeyInUse
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.ratchet import Schedule
from pseudonymizer.vault import rotate
from pseudonymizer.vault.buckets import Buckets
from pseudonymizer.vault.driver import run
from pseudonymizer.vault.store import BucketRow
from pseudonymizer.vault.transactions import transaction
from tests.support.builders import ADA, GRACE
from tests.support.rights import RightsDesk, seed_everywhere

DAY = timedelta(days=1)
SCHEDULE = Schedule(every=7 * DAY, window=30 * DAY, copies=7 * DAY)


@pytest.fixture
def life(desk: RightsDesk) -> KeyLife:
    ports = desk.service.ports
    return KeyLife(
        store=ports.store,
        vault=ports.vault,
        rights=ports.rights,
        keyring=ports.keyring,
        audit=by_schedule(ports),
    )


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def test_a_backup_opens_within_its_window_and_never_after_it(
    desk: RightsDesk, life: KeyLife
) -> None:
    seed_everywhere(desk)
    with transaction(desk.edge.vault) as vault:
        copied = [
            BucketRow._make(row)
            for row in run(vault, "SELECT id, version, kek_version, wrapped_key FROM vault.bucket")
        ]
    assert life.ratchet(SCHEDULE, _soon()) == []
    first = life.ratchet(SCHEDULE, _soon() + 7 * DAY)
    assert first == ["version 2 of kek is in use", f"{len(copied)} rows were moved"]
    assert life.ratchet(SCHEDULE, _soon()) == []
    restored = Buckets(life.keyring)
    assert all(restored.key(row) for row in copied)
    assert life.overdue(SCHEDULE, _soon() + 30 * DAY) > 22 * DAY  # the next version, by now
    assert "version 1 of kek is destroyed" in life.ratchet(SCHEDULE, _soon() + 30 * DAY)
    restored.clear()
    with pytest.raises(KeyDestroyed):
        restored.key(copied[0])
    assert desk.report(("user_id", ADA.user_id))["records"]  # who was not erased is found as before


def test_what_the_schedule_does_is_on_record(desk: RightsDesk, life: KeyLife) -> None:
    seed_everywhere(desk)
    life.ratchet(SCHEDULE, _soon() + 7 * DAY)
    life.ratchet(SCHEDULE, _soon() + 31 * DAY)
    said = [entry for entry in desk.entries() if '"key:' in entry]
    actions = [json.loads(entry)["action"] for entry in said]
    assert actions[:2] == ["key:rotation-asked", "key:rotated"]
    assert actions[-2:] == ["key:destruction-asked", "key:destroyed"]
    assert all('"by":"schedule"' in entry.replace(" ", "") for entry in said)


def test_the_receipt_names_the_day_only_where_a_schedule_is_kept(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    assert desk.erase(("email", ADA.email))["backup_bound_date"] is None
    seed_everywhere(desk, GRACE)
    object.__setattr__(desk.service.ports, "schedule", SCHEDULE)
    receipt = desk.erase(("email", GRACE.email))
    done = datetime.fromisoformat(receipt["completed_at"])
    assert receipt["backup_bound_date"] == SCHEDULE.bound(done).isoformat()


def test_of_two_processes_one_acts(
    desk: RightsDesk, life: KeyLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_everywhere(desk)
    inside, done = threading.Event(), threading.Event()
    ended = ratchet.ended

    def wait(*arguments: object) -> list[int]:
        inside.set()
        assert done.wait(10)
        return ended(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(key_life.ratchet, "ended", wait)
    when = _soon() + 7 * DAY
    thread = threading.Thread(target=life.ratchet, args=(SCHEDULE, when))
    thread.start()
    assert inside.wait(10)
    assert life.ratchet(SCHEDULE, when) == []
    done.set()
    thread.join()
    assert life.in_use("kek") == 2


def test_a_process_that_did_not_act_forgets_a_destroyed_version_too(
    desk: RightsDesk, life: KeyLife, tmp_path: Path
) -> None:
    seed_everywhere(desk)
    theirs = Keyring(FileKeyProvider.open(tmp_path / "keys.json", mode="development"))
    life.ratchet(SCHEDULE, _soon() + 7 * DAY)
    life.ratchet(SCHEDULE, _soon() + 31 * DAY)
    assert 1 in theirs.versions("kek").live
    other = dataclasses.replace(life, keyring=theirs)
    other.ratchet(SCHEDULE, _soon())
    assert 1 not in theirs.versions("kek").live


def test_sup_is_not_rotated_past_a_journal_that_is_not_where_the_command_looks(
    desk: RightsDesk, life: KeyLife, tmp_path: Path
) -> None:
    file = JournalFile(tmp_path / "elsewhere" / "erasures.jsonl")
    life = dataclasses.replace(life, journal=file)
    assert life.rotate("sup") == 2  # nobody was erased yet, so there is nothing to follow
    assert life.move("sup") == 0
    seed_everywhere(desk)
    desk.erase(("email", ADA.email))
    for attempt in (life.rotate, life.move):
        with pytest.raises(JournalMissing, match="no erasure journal"):
            attempt("sup")
    assert life.keyring.provider.versions("sup").primary == life.in_use("sup") == 2
    (tmp_path / "elsewhere").mkdir()
    file.make()
    assert life.rotate("sup") == 3


def test_what_a_case_still_needs_keeps_its_version(desk: RightsDesk, life: KeyLife) -> None:
    seed_everywhere(desk)
    desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id))
    life.rotate("kek")
    rotate.move(life.vault, life.keyring, "kek")
    with pytest.raises(KeyInUse, match="1 rows"):
        life.destroy("kek", 1)
