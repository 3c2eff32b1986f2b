"""A consent is proved from the record to a signed head of the log, and nothing in it can change."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.consent.proof import Proofs
from gateway.consent.service import Choice
from gateway.errors import NoticeUnknown, ReceiptUnknown
from gateway.rights import checkpoints, pseudonym_life, signer_life
from gateway.rights.checkpoints import SIGNER
from gateway.rights.operators import Operator, Role
from gateway.rulebooks import adopting
from policies.audit import verify, verify_consent
from policies.audit.checkpoint import sign_note
from policies.audit.verify import read_key
from policies.audit.verify_consent import check_proof
from policies.vocabulary import ConsentStatus
from tests.support.builders import ADA, GRACE, Person
from tests.support.rights import RightsDesk
from workers.errors import NoticeRewritten
from workers.jobs import anchor
from workers.jobs.anchor import anchor_consents
from workers.store import notices
from workers.store.notices import BannerSaid
from workers.store.transactions import transaction

DPO = Operator(uuid.UUID(int=7), "dpo", Role.DPO)
BANNER = BannerSaid("cookies_2026_fr", "3.2.1", "Example CMP 9", "ab" * 32, ("cd" * 32, "ef" * 32))


def register(desk: RightsDesk) -> None:
    """Put the rulebook in force, and with it on record."""
    rules = desk.edge.ingest.bound.computation.rules
    adopting.begin(desk.edge.store, rules, lambda: datetime.now(UTC))


def choose(desk: RightsDesk, person: Person = ADA, **purposes: str) -> uuid.UUID:
    said = {purpose: ConsentStatus(status) for purpose, status in purposes.items()}
    return desk.edge.consent.record(Choice("user_id", person.user_id, said, None))


def anchored(desk: RightsDesk) -> None:
    later = desk.edge.now_us + anchor.SETTLED_US + 1
    assert not anchor_consents(desk.workers, clock=lambda: later)


def proofs(desk: RightsDesk) -> Proofs:
    return Proofs(desk.service.ports)


def proof(desk: RightsDesk, receipt: uuid.UUID) -> Any:
    return json.loads(json.dumps(proofs(desk).of(None, receipt), default=str))


def findings(document: Any) -> list[str]:
    return [each.what for each in check_proof(document, read_key(document["verifier_key"]))]


@pytest.fixture
def proved(desk: RightsDesk) -> Any:
    """A proof with everything in it: two purposes, among other people's records, and a banner."""
    register(desk)
    proofs(desk).register_banner(DPO, BANNER)
    desk.edge.now_us += 10_000_000  # the clock of these tests counts seconds, and stands still
    choose(desk, GRACE, advertising="given")
    receipt = choose(desk, personalisation="given", advertising="refused")
    choose(desk, GRACE, personalisation="given")
    anchored(desk)
    return proof(desk, receipt)


def test_a_proof_holds_whatever_pseudonym_the_person_has(desk: RightsDesk) -> None:
    register(desk)
    receipt = choose(desk, advertising="given")
    anchored(desk)
    before = proof(desk, receipt)
    pseudonym_life.rotate(desk.edge.store, desk.edge.vault)
    pseudonym_life.move(desk.edge.store, desk.edge.vault, desk.edge.keyring, lambda _done: None)
    after = proof(desk, receipt)
    assert after["records"] == before["records"]
    assert findings(after) == []
    (record,) = after["records"]
    assert record["record"]["pii_principal_id"] not in {
        str(row.pid) for row in desk.edge.rows("select pid from store.subject")
    }


def test_a_proof_from_before_names_had_their_own_column_holds_too(
    desk: RightsDesk, store_owner: Engine
) -> None:
    register(desk)
    receipt = choose(desk, advertising="given")
    with transaction(store_owner) as owner:
        owner.execute(text("update store.subject set principal = null"))
    anchored(desk)
    before = proof(desk, receipt)
    pseudonym_life.rotate(desk.edge.store, desk.edge.vault)
    pseudonym_life.move(desk.edge.store, desk.edge.vault, desk.edge.keyring, lambda _done: None)
    assert proof(desk, receipt)["records"] == before["records"]
    assert findings(proof(desk, receipt)) == []


def test_a_choice_is_proved_with_what_was_shown(desk: RightsDesk, proved: Any) -> None:
    assert findings(proved) == []
    said = {each["record"]["purpose"]: each["record"]["event_state"] for each in proved["records"]}
    assert said == {"personalisation": "given", "advertising": "refused"}
    (notice,) = proved["notices"]
    rule = desk.edge.ingest.bound.computation.rules.notices["cookies_2026_fr"]
    assert (notice["text"], notice["sha256"]) == (rule.text, rule.text_sha256)
    assert [each["code_sha256"] for each in notice["banners"]] == [BANNER.code_sha256]
    (rulebook,) = proved["rulebooks"]
    said = json.loads(rulebook["content"])
    assert said["controller.yaml"]["controller"]["name"]
    assert said["purposes.yaml"]["purposes"]["personalisation"]["legal_basis"] == "consent"


def leaves(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every value of a document."""
    if isinstance(part, dict | list):
        for key, inner in part.items() if isinstance(part, dict) else enumerate(part):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def changed(document: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    whole = copy.deepcopy(document)
    part = whole
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = change(part[path[-1]])
    return whole


def other(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    first = value[:1]
    return ("b" if first == "a" else "a") + value[1:]


def test_no_value_of_a_proof_can_be_changed_unnoticed(proved: Any) -> None:
    """Beside the key, which an auditor keeps from before, and the name of the format."""
    free = {("schema",), ("verifier_key",)}
    key = read_key(proved["verifier_key"])
    kept = [
        path
        for path in leaves(proved)
        if path not in free and not check_proof(changed(proved, path, other), key)
    ]
    assert kept == []


def test_no_part_of_a_proof_can_be_left_out_unnoticed(proved: Any) -> None:
    key = read_key(proved["verifier_key"])
    for name in ("records", "notices", "entries", "checkpoint"):
        assert check_proof(proved | {name: type(proved[name])()}, key), name
        assert check_proof({k: v for k, v in proved.items() if k != name}, key), name
    swapped = copy.deepcopy(proved)
    first, second = swapped["records"]
    first["anchor"], second["anchor"] = second["anchor"], first["anchor"]
    assert check_proof(swapped, key)


def test_another_key_vouches_for_nothing(desk: RightsDesk, proved: Any) -> None:
    assert findings(proved | {"checkpoint": proved["checkpoint"].replace("\u2014 p", "\u2014 q")})
    name, raw = read_key(proved["verifier_key"])
    assert check_proof(proved, (name, bytes(reversed(raw))))
    assert desk.entries()


@pytest.fixture
def rotated(desk: RightsDesk, proved: Any) -> tuple[str, Any, Any]:
    """The key an auditor kept, and proofs from before and after the two rotations since."""
    ports = desk.service.ports
    kept = checkpoints.verifier(ports)
    for _ in range(2):
        signer_life.rotate(ports.vault, ports.keyring, SIGNER)
        signer_life.announce(ports.vault, SIGNER, ports.audit)
    return kept, proved, proof(desk, uuid.UUID(proved["records"][0]["record"]["receipt_id"]))


def signed_by(desk: RightsDesk, document: Any, version: int) -> Any:
    """Give a proof whose checkpoint a thief signed anew with the private half of *version*."""
    ports, provider = desk.service.ports, desk.edge.keyring.provider
    said = document["checkpoint"].rpartition("\n\n")[0] + "\n"
    public = provider.public_key(SIGNER, version)
    name = checkpoints.key_name(ports)
    note = sign_note(said, name, public, sign=lambda data: provider.sign(SIGNER, data, version))
    return document | {"checkpoint": note}


def test_the_key_of_before_two_rotations_checks_what_was_signed_before_and_since(
    rotated: tuple[str, Any, Any],
) -> None:
    kept, before, after = rotated
    assert check_proof(before, read_key(kept)) == []
    assert check_proof(after, read_key(kept)) == []
    numbers = [each["entry"] for each in after["handovers"]]
    assert numbers == sorted(numbers)
    assert set(numbers) < {each["seq"] for each in after["entries"]}


@pytest.mark.parametrize("version", [1, 2])
def test_a_replaced_key_signs_no_proof_that_shows_by_which_entry_it_was(
    desk: RightsDesk, rotated: tuple[str, Any, Any], version: int
) -> None:
    kept, _, after = rotated
    forged = signed_by(desk, after, version)
    assert [each.what for each in check_proof(forged, read_key(kept))] == [
        "not signed by the expected key"
    ]
    unsaid = [{k: v for k, v in each.items() if k != "entry"} for each in after["handovers"]]
    for handovers in (unsaid, [each | {"entry": True} for each in unsaid]):
        assert check_proof(forged | {"handovers": handovers}, read_key(kept))
        assert check_proof(after | {"handovers": handovers}, read_key(kept)) == []


def test_a_key_still_counts_for_a_log_of_before_the_entry_that_ended_it(
    desk: RightsDesk, rotated: tuple[str, Any, Any]
) -> None:
    """Asked for while the key was rotated, a proof shows the handover its log does not hold yet."""
    kept, before, after = rotated
    both = before | {"handovers": after["handovers"]}
    assert check_proof(both, read_key(kept)) == []
    assert check_proof(signed_by(desk, both, 3), read_key(kept)) == []


def test_nothing_of_a_handover_can_be_changed_unnoticed(rotated: tuple[str, Any, Any]) -> None:
    kept, _, after = rotated
    paths = [path for path in leaves(after) if path[0] in ("handovers", "entries", "checkpoint")]
    assert len([path for path in paths if path[0] == "handovers"]) == 14
    unnoticed = [path for path in paths if not check_proof(changed(after, path, other),
                                                           read_key(kept))]  # fmt: skip
    assert unnoticed == []


def test_before_its_anchor_a_record_is_not_proved(desk: RightsDesk) -> None:
    register(desk)
    receipt = choose(desk, personalisation="given")
    assert not anchor_consents(desk.workers, clock=lambda: desk.edge.now_us)
    (found,) = findings(proof(desk, receipt))
    assert "not in the log yet" in found


def test_a_banner_registered_after_the_choice_was_not_shown_before_it(desk: RightsDesk) -> None:
    register(desk)
    desk.edge.now_us -= 3_600_000_000
    receipt = choose(desk, personalisation="given")
    registered = proofs(desk).register_banner(DPO, BANNER)
    anchored(desk)
    found = proof(desk, receipt)
    assert found["notices"][0]["banners"] == []
    assert findings(found) == []
    assert registered["entry"] not in {each["seq"] for each in found["entries"]}


def test_a_banner_is_registered_once_and_only_for_a_known_notice(desk: RightsDesk) -> None:
    register(desk)
    first = proofs(desk).register_banner(DPO, BANNER)
    again = proofs(desk).register_banner(DPO, BANNER)
    assert (first["again"], again["again"]) == (False, True)
    assert again["entry"] == first["entry"]
    with pytest.raises(NoticeUnknown):
        proofs(desk).register_banner(DPO, BANNER._replace(notice="unheard_of"))
    (listed,) = proofs(desk).notices()
    assert listed["key"] == "cookies_2026_fr"


def test_after_an_erasure_nothing_is_proved_of_the_person_and_everything_of_others(
    desk: RightsDesk,
) -> None:
    register(desk)
    mine = choose(desk, personalisation="given")
    theirs = choose(desk, GRACE, personalisation="given")
    anchored(desk)
    desk.erase(("user_id", ADA.user_id))
    with pytest.raises(ReceiptUnknown):
        proofs(desk).of(None, mine)
    assert findings(proof(desk, theirs)) == []


def test_every_record_is_anchored_once_in_trees_of_a_bounded_size(
    desk: RightsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor, "LIMIT", 3)
    register(desk)
    receipts = [
        choose(desk, Person(f"cust-{n}", "", "", ""), personalisation="given") for n in range(8)
    ]
    anchored(desk)
    anchored(desk)
    rows = desk.edge.rows("select records from store.anchor order by id")
    assert [len(records) for (records,) in rows] == [3, 3, 2]
    assert len({number for (records,) in rows for number in records}) == len(receipts)
    assert [findings(proof(desk, receipt)) for receipt in receipts] == [[]] * len(receipts)


def test_two_do_not_anchor_at_once(desk: RightsDesk) -> None:
    register(desk)
    choose(desk, personalisation="given")
    with transaction(desk.workers) as other:
        other.execute(text("select pg_try_advisory_xact_lock(:key)"), {"key": 0x70726F66})
        anchored(desk)
        assert desk.edge.count("anchor") == 0
    anchored(desk)
    assert desk.edge.count("anchor") == 1


def test_a_notice_that_people_have_read_keeps_its_words(desk: RightsDesk) -> None:
    register(desk)
    register(desk)
    ctx = desk.edge.ingest.bound.computation
    rule = ctx.rules.notices["cookies_2026_fr"]
    rules = replace(ctx.rules, notices={rule.key: replace(rule, text="x", text_sha256="00")})
    with pytest.raises(NoticeRewritten), transaction(desk.edge.store) as store:
        notices.register(
            store, rules, rulebook=ctx.rulebook, purposes=ctx.purposes, now=datetime.now(UTC)
        )
    assert sum("notice:registered" in entry for entry in desk.entries()) == 1


def test_an_auditor_checks_a_proof_with_two_files_and_nothing_of_ours(
    proved: Any, tmp_path: Path
) -> None:
    for module in (verify, verify_consent):
        shutil.copy(str(module.__file__), tmp_path)
    (tmp_path / "proof.json").write_text(json.dumps(proved))
    alone = (
        "import sys; sys.modules['policies'] = None; sys.path.insert(0, '.')\n"
        "import verify_consent; sys.exit(verify_consent.main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", alone, "proof.json", "--key", proved["verifier_key"]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2 records, 0 findings\n")
