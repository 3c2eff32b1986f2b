"""A signer gets a new version: what was signed before verifies, by whichever key was kept."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine, text

from gateway.rights import checkpoints
from gateway.rights.audit_check import check, export_to, read_log
from gateway.rights.checkpoints import SIGNER, key_name, sign_head
from gateway.rights.errors import ReceiptInvalid
from gateway.rights.key_life import KeyLife, by_schedule
from gateway.rights.public_keys import PublicKeys
from gateway.rights.receipt import check_by
from policies.audit.checkpoint import sign_note, verifier_key
from policies.audit.handover import ACTION, Handover
from policies.audit.verify import handed_over, read_key
from pseudonymizer.errors import KeyInUse, KeyUnknown
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.ratchet import Schedule
from pseudonymizer.vault import signers
from tests.support.builders import ADA, GRACE
from tests.support.rights import RightsDesk, seed_everywhere

DAY = timedelta(days=1)
USUAL = Schedule(every=7 * DAY, window=30 * DAY, copies=7 * DAY)


@pytest.fixture
def life(desk: RightsDesk, tmp_path: Path) -> KeyLife:
    """Rotate as a command does: another process, with keys it read by itself."""
    ports = desk.service.ports
    theirs = Keyring(FileKeyProvider.open(tmp_path / "keys.json", mode="development"))
    return KeyLife(
        store=ports.store,
        vault=ports.vault,
        rights=ports.rights,
        keyring=theirs,
        audit=by_schedule(ports),
    )


def key_now(desk: RightsDesk) -> str:
    return checkpoints.verifier(desk.service.ports)


def differs(desk: RightsDesk, key: str) -> list[str]:
    log = read_log(desk.auditor)
    return [f"{each.where}: {each.what}" for each in check(log, read_key(key))]


def public_keys(desk: RightsDesk, name: str) -> list[bytes]:
    ports = desk.service.ports
    every = signers.published(ports.vault, ports.keyring)
    return [each.public_key for each in every if each.name == name]


def test_the_log_is_checked_with_any_key_it_was_signed_by(desk: RightsDesk, life: KeyLife) -> None:
    kept = [key_now(desk)]
    sign_head(desk.service.ports)
    for _ in range(2):
        life.rotate(SIGNER)
        kept.append(key_now(desk))
        sign_head(desk.service.ports)
    assert len(set(kept)) == 3
    for key in kept:
        assert differs(desk, key) == []
    stranger = verifier_key(key_name(desk.service.ports), bytes(31) + b"\x01")
    assert len(differs(desk, stranger)) == 3


def test_an_auditor_with_the_first_key_checks_an_export_of_after_the_rotations(
    desk: RightsDesk, life: KeyLife, tmp_path: Path
) -> None:
    kept = key_now(desk)
    life.rotate(SIGNER)
    life.destroy(SIGNER, 1)
    sign_head(desk.service.ports)
    export_to(tmp_path / "export", read_log(desk.auditor), key_now(desk))
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "log.jsonl", "--key", kept,
         "--checkpoint", "checkpoint-000000.txt"],
        cwd=tmp_path / "export", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_key_whose_time_was_over_signs_no_log_that_says_so(
    desk: RightsDesk, life: KeyLife, store_owner: Engine
) -> None:
    """A thief of the old private half, which was not destroyed, signs the log as it is."""
    kept, thief = key_now(desk), life.keyring.provider
    sign_head(desk.service.ports)
    life.rotate(SIGNER)
    genuine = sign_head(desk.service.ports)
    said = genuine.rpartition("\n\n")[0] + "\n"
    public = thief.public_key(SIGNER, 1)
    forged = sign_note(
        said, key_name(desk.service.ports), public, sign=lambda data: thief.sign(SIGNER, data, 1)
    )
    with store_owner.begin() as owner:
        owner.execute(
            text("update audit.checkpoint set note = :forged where note = :genuine"),
            {"forged": forged, "genuine": genuine},
        )
    assert "checkpoint 1: not signed by the expected key" in differs(desk, kept)


def test_a_gateway_that_was_asleep_signs_by_the_version_in_use(
    desk: RightsDesk, life: KeyLife
) -> None:
    ports = desk.service.ports
    assert ports.keyring.versions(SIGNER).primary == 1
    life.rotate(SIGNER)
    life.destroy(SIGNER, 1)
    assert verifier_key(key_name(ports), life.keyring.public_keys()[SIGNER]) == key_now(desk)
    sign_head(ports)
    assert differs(desk, key_now(desk)) == []


def test_receipts_verify_by_the_published_keys_for_ever(desk: RightsDesk, life: KeyLife) -> None:
    seed_everywhere(desk, ADA)
    seed_everywhere(desk, GRACE)
    first = desk.erase(("user_id", ADA.user_id))
    life.rotate("sign-receipt")
    life.destroy("sign-receipt", 1)
    second = desk.erase(("user_id", GRACE.user_id))
    keys = public_keys(desk, "sign-receipt")
    assert len(keys) == 2
    for receipt in (first, second):
        check_by(receipt, keys)
    with pytest.raises(ReceiptInvalid):
        check_by(first, keys[1:])
    with pytest.raises(ReceiptInvalid):
        check_by({**first, "scope": "nothing"}, keys)


@pytest.mark.parametrize("name", signers.SIGNERS)
def test_the_published_list_is_signed_key_by_key(
    desk: RightsDesk, life: KeyLife, name: str
) -> None:
    life.rotate(name)
    life.rotate(name)
    life.destroy(name, 1)
    ports = desk.service.ports
    document = PublicKeys(lambda: signers.published(ports.vault, ports.keyring)).document()
    first, second, third = document["keys"][name]
    assert (first["version"], first["signed_by_previous"], third["until"]) == (1, None, None)
    assert first["until"] == second["since"]
    for before, after in ((first, second), (second, third)):
        fields = {
            "key": name,
            "version": str(after["version"]),
            "since": after["since"],
            "previous_key": before["public_key"],
            "public_key": after["public_key"],
            "signature": after["signed_by_previous"],
        }
        assert handed_over(fields, name)
        assert not handed_over(fields | {"since": "2026-01-01T00:00:00+00:00"}, name)
        assert not handed_over(fields | {"public_key": first["public_key"]}, name)


def test_every_signer_that_was_never_rotated_is_published_too(desk: RightsDesk) -> None:
    ports = desk.service.ports
    every = signers.published(ports.vault, ports.keyring)
    assert {each.name: each.public_key for each in every} == ports.keyring.public_keys()
    signed = ports.keyring.sign("sign-callback", b"told")
    (public,) = public_keys(desk, "sign-callback")
    Ed25519PublicKey.from_public_bytes(public).verify(signed, b"told")


def test_a_rotation_that_was_stopped_before_the_log_said_so_is_gone_on_with(
    desk: RightsDesk, life: KeyLife
) -> None:
    def dying(action: str, fields: Any) -> int:
        if action == ACTION:
            raise ConnectionError
        return life.audit(action, fields)

    kept = key_now(desk)
    sign_head(desk.service.ports)
    with pytest.raises(ConnectionError):
        dataclasses.replace(life, audit=dying).rotate(SIGNER)
    with pytest.raises(KeyInUse, match="who took over"):
        life.destroy(SIGNER, 1)
    assert life.move(SIGNER) == 1
    assert life.move(SIGNER) == 0
    sign_head(desk.service.ports)
    assert differs(desk, kept) == []
    life.destroy(SIGNER, 1)
    entries = [json.loads(each) for each in desk.entries()]
    assert [each["fields"]["version"] for each in entries if each["action"] == ACTION] == ["2"]


@pytest.mark.parametrize("schedule", [None, USUAL], ids=["none", "the usual"])
def test_the_hourly_look_says_who_took_over_where_a_rotation_was_stopped(
    desk: RightsDesk, life: KeyLife, schedule: Schedule | None
) -> None:
    def dying(action: str, fields: Any) -> int:
        if action == ACTION:
            raise ConnectionError
        return life.audit(action, fields)

    kept = key_now(desk)
    for name in signers.SIGNERS:
        with pytest.raises(ConnectionError):
            dataclasses.replace(life, audit=dying).rotate(name)
    sign_head(desk.service.ports)
    assert differs(desk, kept) == ["checkpoint 0: not signed by the expected key"]
    assert [life.unannounced(name) for name in signers.SIGNERS] == [[2]] * 3
    said = [f"the log says who took over from {name}" for name in signers.SIGNERS]
    assert life.ratchet(schedule, datetime.now(UTC)) == said
    assert life.ratchet(schedule, datetime.now(UTC)) == []
    assert [life.unannounced(name) for name in signers.SIGNERS] == [[]] * 3
    assert differs(desk, kept) == []


def test_of_two_who_say_at_once_who_took_over_one_does(desk: RightsDesk, life: KeyLife) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(action: str, fields: Any) -> int:
        if action == ACTION:
            entered.set()
            assert go_on.wait(10)
        return life.audit(action, fields)

    first = threading.Thread(target=dataclasses.replace(life, audit=slow).rotate, args=(SIGNER,))
    first.start()
    assert entered.wait(10)
    second = threading.Thread(target=life.move, args=(SIGNER,))
    second.start()
    second.join(0.3)
    assert second.is_alive(), "it waits for whoever is at it"
    go_on.set()
    first.join()
    second.join()
    assert sum(json.loads(each)["action"] == ACTION for each in desk.entries()) == 1


def test_a_vault_from_before_the_end_of_its_signer_goes_on_with_one_nobody_vouches_for(
    desk: RightsDesk, life: KeyLife
) -> None:
    life.keyring.provider.new_version(SIGNER)
    life.keyring.provider.destroy_version(SIGNER, 1)
    desk.edge.keyring.reload()
    with pytest.raises(KeyUnknown):
        sign_head(desk.service.ports)
    life.rotate(SIGNER)
    sign_head(desk.service.ports)
    assert differs(desk, key_now(desk)) == []
    assert '"key:handed-over"' not in "".join(desk.entries())


@pytest.mark.parametrize("name", signers.SIGNERS)
def test_the_version_that_signs_and_one_that_never_was_are_not_destroyed(
    life: KeyLife, name: str
) -> None:
    with pytest.raises(KeyInUse, match="in use"):
        life.destroy(name, 1)
    with pytest.raises(KeyUnknown):
        life.destroy(name, 9)


def test_a_handover_is_not_a_receipt_nor_a_checkpoint() -> None:
    said = Handover("sign-audit", 2, "2026-11-02T12:00:00+00:00", bytes(32), bytes(32))
    assert said.input().startswith(b"\x00" * 7 + b"\x18paravent/key-handover/v1")
