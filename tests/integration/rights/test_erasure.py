"""An erased person is gone from every table, whatever happened in between."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import QueuePool, text

from gateway.rights import scanning
from gateway.rights.cases import STEPS, CaseReason, CaseState, CaseType, Step
from gateway.rights.errors import ResidueFound, ResultExpired
from gateway.rights.receipt import SIGNER, check, digest
from gateway.rights.service import Request
from policies.errors import StoreUnavailable
from pseudonymizer.errors import KeyUnavailable
from tests.support.builders import ADA, GRACE
from tests.support.clock import instant
from tests.support.rights import (
    CONFIRMED,
    Killed,
    RightsDesk,
    canaries,
    product,
    seed_everywhere,
)

STEPS_OF_ERASURE = STEPS[CaseType.ERASURE]


def again(desk: RightsDesk, person: Any = ADA) -> dict[str, int]:
    """Send one more consented event of *person*."""
    return desk.edge.send(product("Product Viewed", person, instant(desk.edge.now_us)))


def test_nothing_of_the_person_is_left_in_any_table(desk: RightsDesk) -> None:
    surrogates = seed_everywhere(desk)
    others = seed_everywhere(desk, GRACE)
    kept = desk.rows_left(others)
    receipt = desk.erase(("user_id", ADA.user_id))
    assert desk.rows_left(surrogates) == {}
    assert desk.rows_left(others) == kept
    assert receipt["per_store"]["store"]["store.event"] > 0
    assert receipt["per_store"]["vault"]["vault.identifier"] == 3
    with desk.edge.store.connect() as store:
        fences = store.execute(
            text("select state, consent, objected from store.subject where id = any(:ids)"),
            {"ids": surrogates},
        ).all()
    assert {tuple(map(str, row)) for row in fences} == {("2", "[]", "0")}


def test_the_vault_keeps_no_key_index_or_seal_of_the_person(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    desk.erase(("email", ADA.email))
    with desk.edge.vault.connect() as vault:
        subjects = vault.execute(text("select state, wrapped_sk from vault.subject")).all()
        assert [tuple(row) for row in subjects] == [("erased", None)] * 2  # and their browser
        assert vault.execute(text("select count(*) from vault.identifier")).scalar_one() == 0
        assert vault.execute(text("select count(*) from tombstone.mark")).scalar_one() >= 3
        journal = vault.execute(
            text("select destroyed_at, completed_at from vault.erasure_journal")
        ).one()
    assert None not in tuple(journal)


def test_the_receipt_is_signed_names_nobody_and_carries_a_checkpoint(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    receipt = desk.erase(("user_id", ADA.user_id))
    check(receipt, desk.edge.keyring.public_keys()[SIGNER])
    assert canaries(ADA, json.dumps(receipt, ensure_ascii=False)) == ()
    assert receipt["audit_checkpoint"].startswith("paravent.example/audit\n")
    assert receipt["recipients"] == []
    assert receipt["key_ids_destroyed"]
    closing = [json.loads(entry) for entry in desk.entries() if "case:closed" in entry]
    assert closing[-1]["fields"]["result"] == digest(receipt)


def test_the_person_does_not_come_back_by_any_identifier(desk: RightsDesk) -> None:
    surrogates = seed_everywhere(desk)
    desk.erase(("user_id", ADA.user_id))
    assert again(desk) == {"suppressed": 1}
    desk.edge.resolver.clear()
    assert again(desk) == {"suppressed": 1}
    assert desk.rows_left(surrogates) == {}
    assert again(desk, GRACE) == {"stored": 1}


def test_a_gateway_that_remembers_the_pseudonyms_meets_the_fence(desk: RightsDesk) -> None:
    """Another process's cache is never told; the registry row is what stops it (R-47, R-56)."""
    from pseudonymizer.vault.remember import Resolver

    seed_everywhere(desk)
    stale = Resolver(desk.edge.vault, desk.edge.keyring)
    mine, desk.edge.resolver = desk.edge.resolver, stale
    assert again(desk) == {"stored": 1}
    desk.edge.resolver = mine
    desk.erase(("user_id", ADA.user_id))
    desk.edge.resolver = stale
    assert again(desk) == {"suppressed": 1}
    assert desk.rows_left(desk.surrogates()) == {}


def test_a_pseudonym_never_registered_is_fenced_too(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    with desk.edge.store.connect() as store:
        domains = store.execute(text("select count(*) from store.domain")).scalar_one()
    desk.erase(("user_id", ADA.user_id))
    with desk.edge.store.connect() as store:
        fences = text("select count(*) from store.subject where state = 2")
        assert store.execute(fences).scalar_one() == 2 * domains  # theirs and their browser's


@pytest.mark.parametrize("step", STEPS_OF_ERASURE)
def test_killed_after_any_step_the_next_run_finishes(desk: RightsDesk, step: Step) -> None:
    surrogates = seed_everywhere(desk)
    request = Request(CaseType.ERASURE, (("user_id", ADA.user_id),), CONFIRMED)
    doomed = desk.kill_after(step)
    case = doomed.open(None, request).id
    with pytest.raises(Killed):
        doomed.run(case)
    if STEPS_OF_ERASURE.index(step) >= STEPS_OF_ERASURE.index(Step.VAULT_FENCED):
        desk.edge.resolver.clear()
        assert again(desk) == {"suppressed": 1}
    row = desk.service.run(case)
    assert row.state == CaseState.CLOSED
    assert row.sealed_dossier is None
    assert row.subject_ids == ()
    receipt = desk.service.result(None, case)
    check(receipt, desk.edge.keyring.public_keys()[SIGNER])
    assert receipt["per_store"]["store"]["store.event"] > 0
    assert desk.rows_left(surrogates) == {}
    assert desk.service.unfinished() == []


@pytest.mark.parametrize("step", STEPS_OF_ERASURE[1:])
def test_a_step_done_but_not_recorded_is_done_again(desk: RightsDesk, step: Step) -> None:
    """Kill between a step's own commit and its record, by taking the record away afterwards."""
    seed_everywhere(desk)
    before = STEPS_OF_ERASURE[STEPS_OF_ERASURE.index(step) - 1]
    request = Request(CaseType.ERASURE, (("user_id", ADA.user_id),), CONFIRMED)
    first = desk.kill_after(before)
    case = first.open(None, request).id
    with pytest.raises(Killed):
        first.run(case)
    recorded = desk.service.case(case)
    with pytest.raises(Killed):
        desk.kill_after(step).run(case)
    with desk.rights.begin() as rights:
        rights.execute(
            text(
                'update rights."case" set state = :state, step = :step, subject_ids = :subjects,'
                " sealed_identifiers = :dossier, receipt = null where id = :id"
            ),
            {
                "id": case,
                "state": "running",
                "step": recorded.step,
                "dossier": recorded.sealed_dossier,
                "subjects": list(recorded.subject_ids),
            },
        )
    assert desk.service.run(case).state == CaseState.CLOSED
    assert desk.rows_left(desk.surrogates()) == {}


def test_a_receipt_that_cannot_be_signed_yet_leaves_one_entry_however_often_it_is_tried(
    desk: RightsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_everywhere(desk)
    provider = type(desk.edge.keyring.provider)
    genuine = provider.sign

    def away(self: Any, name: str, data: bytes, version: int | None = None) -> bytes:
        if name == SIGNER:
            raise KeyUnavailable("the key service is away; it was needed")
        return genuine(self, name, data, version)

    request = Request(CaseType.ERASURE, (("user_id", ADA.user_id),), CONFIRMED)
    case = desk.service.open(None, request).id
    with monkeypatch.context() as patched:
        patched.setattr(provider, "sign", away)
        for _ in range(3):
            with pytest.raises(KeyUnavailable):
                desk.service.run(case)
    completed = [each for each in desk.entries() if '"erasure:completed"' in each]
    with desk.auditor.connect() as auditor:
        kept = auditor.execute(text("select count(*) from audit.checkpoint")).scalar_one()
    assert (len(completed), kept) == (1, 1)
    assert desk.service.run(case).state == CaseState.CLOSED
    assert [each for each in desk.entries() if '"erasure:completed"' in each] == completed
    check(desk.service.result(None, case), desk.edge.keyring.public_keys()[SIGNER])


def test_a_report_made_before_goes_with_the_person(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    seed_everywhere(desk, GRACE)
    ada, grace = (desk.ask(CaseType.ACCESS, ("user_id", p.user_id)).id for p in (ADA, GRACE))
    receipt = desk.erase(("user_id", ADA.user_id))
    assert receipt["per_store"]["vault"]["rights.case"] == 1
    with pytest.raises(ResultExpired):
        desk.service.result(None, ada)
    assert desk.service.case(ada).result is None
    assert desk.service.case(ada).subject_ids == ()
    assert desk.service.result(None, grace)["records"]


def test_a_report_that_was_being_made_during_the_erasure_is_not_given(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    late = desk.ask(CaseType.ACCESS, ("user_id", ADA.user_id))
    desk.erase(("user_id", ADA.user_id))
    with desk.rights.begin() as rights:
        rights.execute(
            text(
                'update rights."case" set result = :result, result_expires_at = :until,'
                " subject_ids = :subjects where id = :id"
            ),
            {
                "id": late.id,
                "result": late.result,
                "until": late.result_expires_at,
                "subjects": list(late.subject_ids),
            },
        )
    with pytest.raises(ResultExpired):
        desk.service.result(None, late.id)


def test_somebody_nobody_knows_is_answered_alike_and_never_gets_in(desk: RightsDesk) -> None:
    case = desk.ask(CaseType.ERASURE, ("user_id", ADA.user_id))
    assert (case.state, case.reason) == (CaseState.CLOSED, CaseReason.NOT_IDENTIFIABLE)
    assert again(desk) == {"suppressed": 1}


def test_erasing_twice_is_answered_as_not_identifiable(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    desk.erase(("user_id", ADA.user_id))
    case = desk.ask(CaseType.ERASURE, ("user_id", ADA.user_id))
    assert case.reason == CaseReason.NOT_IDENTIFIABLE


def test_an_identifier_left_in_any_column_keeps_the_case_open(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    with desk.edge.store.begin() as store:
        store.execute(
            text("insert into store.dictionary (kind, value) values (5, :value)"),
            {"value": f"/search?q={ADA.email.upper()}"},
        )
    service = desk.service
    request = Request(CaseType.ERASURE, (("email", ADA.email),), CONFIRMED)
    case = service.open(None, request).id
    with pytest.raises(ResidueFound, match=r"store\.dictionary\.value"):
        service.run(case)
    row = service.case(case)
    assert (row.state, row.reason) == (CaseState.RUNNING, CaseReason.RESIDUE_FOUND)
    assert service.unfinished() == [case]


def test_a_table_missing_from_the_data_map_keeps_the_case_open(
    desk: RightsDesk, store_owner: Any
) -> None:
    seed_everywhere(desk)
    with store_owner.begin() as owner:
        owner.execute(text("create table store.stray (note text)"))
        owner.execute(text("grant select on store.stray to paravent_gateway"))
    with pytest.raises(ResidueFound, match=r"store\.stray\.note"):
        desk.ask(CaseType.ERASURE, ("user_id", ADA.user_id))


def test_a_scan_that_is_broken_off_leaves_no_transaction_open(
    desk: RightsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_everywhere(desk)

    def broken(places: Any) -> None:
        next(places)
        raise StoreUnavailable("the store went away in the middle; one that answers was needed")

    monkeypatch.setattr(scanning, "scan", broken)
    with pytest.raises(StoreUnavailable) as kept:  # as it is while somebody looks at the error
        desk.ask(CaseType.ERASURE, ("user_id", ADA.user_id))
    pool = desk.service.ports.store.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    del kept
