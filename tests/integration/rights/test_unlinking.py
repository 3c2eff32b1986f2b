"""A data protection officer undoes that two were taken for one person (R-42, Article 16)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from gateway.consent.service import Choice
from gateway.ingest.ledger import intervals
from gateway.rights import asides, restore, unlinking
from gateway.rights.cases import CaseType, Step
from gateway.rights.service import Request
from policies.vocabulary import ConsentStatus
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault.transactions import transaction
from pseudonymizer.vault.unlink import Parting, undo_link
from tests.support.builders import (
    ADA,
    ALAN,
    ALL_CATEGORIES,
    GRACE,
    consent,
    identify,
    page,
    track,
)
from tests.support.edge import make_edge
from tests.support.rights import CONFIRMED, Killed, RightsDesk, canaries
from tests.support.rulebooks import PARENTAL, edited

PAIR = (("user_id", ADA.user_id), ("anonymous_id", ADA.anonymous_id))


@pytest.fixture
def shared(desk: RightsDesk) -> RightsDesk:
    """Ada has signed in on a tablet that was somebody else's all along."""
    edge = desk.edge
    at = datetime.fromtimestamp(edge.now_us / 1_000_000, UTC) - timedelta(hours=3)
    signed_out = page("/", ADA, at=at - timedelta(hours=1), anonymousId=ADA.anonymous_id)
    edge.send({**signed_out, "userId": None})
    edge.send(identify(ADA, at=at, sentAt=None, traits={"phone": ""}))
    return desk


def unlink(desk: RightsDesk, *claimed: tuple[str, str]) -> Any:
    row = desk.ask(CaseType.UNLINK, *(claimed or PAIR))
    return row, desk.service.result(None, row.id)


def choose(desk: RightsDesk, identifier: tuple[str, str], purposes: dict[str, str]) -> None:
    desk.edge.now_us += 1_000_000
    said = {purpose: ConsentStatus(status) for purpose, status in purposes.items()}
    desk.edge.consent.record(Choice(*identifier, said, None))


def links(desk: RightsDesk) -> list[Any]:
    with transaction(desk.edge.vault) as vault:
        return list(vault.execute(text("select source, asserted, undone_case from vault.link")))


def test_intake_records_which_source_asserted_a_link_and_by_which_call(shared: RightsDesk) -> None:
    assert [tuple(row) for row in links(shared)] == [(1, "identify", None)]


def test_the_two_are_separate_from_then_on_and_nothing_has_moved(shared: RightsDesk) -> None:
    events = shared.edge.count("event")
    assert shared.report(PAIR[0])["held"]["vault.subject"] == 2
    row, result = unlink(shared)
    assert (row.state, row.reason) == ("closed", None)
    assert result["separate"] is True
    assert result["link"]["asserted_by"] == "web"
    assert result["link"]["asserted_in"] == "identify"
    assert result["link"]["undone_at"] > result["link"]["linked_at"]
    assert shared.report(PAIR[0])["held"]["vault.subject"] == 1
    assert shared.report(PAIR[1])["held"]["vault.subject"] == 1
    assert shared.edge.count("event") == events
    assert canaries(ADA, json.dumps(result)) == ()


def test_the_person_s_report_shows_what_was_undone(shared: RightsDesk) -> None:
    unlink(shared)
    (link,) = shared.report(PAIR[0])["records"]["vault.link"]
    assert (link["standing"], link["source"], link["asserted"]) == ("undone", "web", "identify")


def test_the_next_sign_in_on_the_tablet_does_not_link_them_again(shared: RightsDesk) -> None:
    unlink(shared)
    shared.edge.resolver.clear()
    at = datetime.fromtimestamp(shared.edge.now_us / 1_000_000, UTC) - timedelta(minutes=5)
    shared.edge.send(identify(ADA, at=at, sentAt=None, traits={"phone": ""}))
    assert shared.report(PAIR[0])["held"]["vault.subject"] == 1
    assert [row.undone_case is not None for row in links(shared)] == [True]


def test_an_erasure_of_the_one_leaves_the_other(shared: RightsDesk) -> None:
    unlink(shared)
    assert shared.erase(PAIR[0])["per_store"]["vault"]["vault.subject"] == 1
    assert shared.report(PAIR[1])["held"]["vault.subject"] == 1


def test_whoever_was_erased_is_not_brought_back_by_it(shared: RightsDesk) -> None:
    shared.erase(PAIR[0])
    row, _ = unlink(shared)
    assert row.reason == "not_identifiable"
    assert shared.edge.lookup([]) == []
    assert shared.ask(CaseType.ACCESS, PAIR[1]).reason == "not_identifiable"


def test_a_no_of_either_stays_theirs(shared: RightsDesk) -> None:
    def standing() -> list[Any]:
        return shared.edge.rows(
            "select pid, state, objected, consent from store.subject order by pid"
        )

    with transaction(shared.edge.store) as store:
        store.execute(text("update store.subject set state = 1, objected = 3"))
    before = standing()
    unlink(shared)
    assert standing() == before


ADDRESS = (PAIR[0], ("email", ADA.email))


def noes(desk: RightsDesk, identifier: tuple[str, str]) -> dict[str, tuple[int, int, set[int]]]:
    """Give state, objections and closed purposes of an identifier's subject, by domain."""
    (found,) = desk.edge.lookup([Lookup((identifier,))])
    domains = {UUID(bytes=pid): domain for domain, pid in (found.pids or {}).items()}
    rows = desk.edge.rows(
        "select pid, state, objected, consent from store.subject where pid = any(:pids)",
        pids=list(domains),
    )
    return {
        domains[row.pid]: (
            row.state,
            row.objected,
            {at for at, (since, until) in intervals(row.consent).items() if since == until},
        )
        for row in rows
    }


def test_an_address_taken_off_an_account_has_every_no_and_no_yes_of_it(shared: RightsDesk) -> None:
    edge = shared.edge
    identifier = ("user_id", ADA.user_id)
    for purposes in ({"personalisation": "given"}, {"personalisation": "withdrawn"}):
        choose(shared, identifier, purposes)
    choose(shared, identifier, {"email_marketing": "given"})
    with transaction(edge.store) as store:
        store.execute(text("update store.subject set state = 1, objected = 6"))
    before = noes(shared, identifier)
    assert any(closed for _, _, closed in before.values())
    events = edge.count("event")
    row, result = unlink(shared, *ADDRESS)
    assert (row.reason, result["separate"]) == (None, True)
    assert noes(shared, identifier) == before
    assert noes(shared, ADDRESS[1]) == before
    report = shared.report(ADDRESS[1])
    given = [each for each in report["records"]["store.consent_record"]
             if each["status"] == "given"]  # fmt: skip
    assert given == []
    assert report["held"]["store.event"] == 0
    assert edge.count("event") == events
    assert ADA.user_id not in json.dumps(report)


def test_a_parting_killed_after_any_step_ends_the_same(shared: RightsDesk) -> None:
    choose(shared, PAIR[0], {"personalisation": "withdrawn"})
    before = noes(shared, PAIR[0])
    case = shared.service.open(None, Request(CaseType.UNLINK, ADDRESS, CONFIRMED)).id
    for step in (Step.OPENED, Step.NO_COPIED):
        with pytest.raises(Killed):
            shared.kill_after(step).run(case)
        assert shared.report(PAIR[0])["held"]["vault.identifier"] >= 2
    assert shared.service.run(case).reason is None
    assert noes(shared, ADDRESS[1]) == noes(shared, PAIR[0]) == before
    with transaction(shared.edge.vault) as vault:
        assert vault.execute(text("select count(*) from vault.subject")).scalar_one() == 3


@pytest.fixture
def family(desk: RightsDesk, tmp_path: Path) -> RightsDesk:
    """An account of a child, whose parent has consented; the address is the parent's own."""
    rules = edited(tmp_path / "rules", *PARENTAL)
    edge = make_edge(desk.edge.store, desk.edge.vault, tmp_path, rules)
    at = datetime.fromtimestamp(edge.now_us / 1_000_000, UTC) - timedelta(hours=3)
    edge.send(identify(ADA, at=at, sentAt=None, traits={"phone": ""}))
    return RightsDesk(edge, desk.rights, desk.auditor, desk.workers)


def seen(desk: RightsDesk) -> dict[str, int]:
    """Send an event of ADA that says yes to everything, and not how old they are."""
    desk.edge.resolver.clear()
    desk.edge.now_us += 2_000_000  # after what was chosen
    at = datetime.fromtimestamp(desk.edge.now_us / 1_000_000, UTC) - timedelta(seconds=1)
    said = {"consent": consent(*ALL_CATEGORIES)}
    return desk.edge.send(track("Product Viewed", ADA, at=at, context=said, sentAt=None))


def test_whoever_is_parted_from_a_child_is_taken_for_one_and_has_no_parent_s_yes(
    family: RightsDesk,
) -> None:
    choose(family, PAIR[0], {"parental_authority": "given"})
    assert seen(family) == {"stored": 1}
    assert unlink(family, *reversed(ADDRESS))[0].reason is None
    assert seen(family) == {"child": 1}
    records = family.report(PAIR[0])["records"]["store.consent_record"]
    assert {(each["purpose"], each["status"]) for each in records} >= {
        ("parental_authority", "withdrawn")
    }
    assert {each["status"] for each in records} == {"withdrawn"}
    choose(family, PAIR[0], {"parental_authority": "given"})
    assert seen(family) == {"stored": 1}


def test_whoever_is_parted_from_an_adult_is_not_taken_for_a_child(family: RightsDesk) -> None:
    assert seen(family) == {"stored": 1}
    assert unlink(family, *reversed(ADDRESS))[0].reason is None
    assert seen(family) == {"stored": 1}


def subjects(desk: RightsDesk) -> dict[int, str]:
    """Give the state of every subject of the vault."""
    with transaction(desk.edge.vault) as vault:
        rows = vault.execute(text("select id, state from vault.subject order by id"))
        return {row.id: row.state for row in rows}


def standing_open(desk: RightsDesk) -> int:
    """Count what the store holds of anybody: pseudonyms not erased, and records of consent."""
    ((alive, records),) = desk.edge.rows(
        "select (select count(*) from store.subject where state <> 2),"
        " (select count(*) from store.consent_record)"
    )
    return int(alive + records)


def test_a_parting_killed_before_its_step_is_on_record_goes_on_with_the_same_subject(
    shared: RightsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = shared.service.open(None, Request(CaseType.UNLINK, ADDRESS, CONFIRMED)).id

    def dies(*_: object) -> None:
        raise Killed

    for step in ("mint_aside", "copy_noes"):
        with monkeypatch.context() as patched:
            patched.setattr(unlinking, step, dies)
            with pytest.raises(Killed):
                shared.service.run(case)
    assert shared.service.run(case).reason is None
    assert list(subjects(shared).values()) == ["alive"] * 3


@pytest.mark.parametrize("kill_again", [False, True])
def test_a_parting_that_an_erasure_overtakes_leaves_nobody_with_copies(
    shared: RightsDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, kill_again: bool
) -> None:
    choose(shared, PAIR[0], {"personalisation": "withdrawn"})
    case = shared.service.open(None, Request(CaseType.UNLINK, ADDRESS, CONFIRMED)).id
    with pytest.raises(Killed):
        shared.kill_after(Step.NO_COPIED).run(case)
    file = JournalFile(tmp_path / "erasures.jsonl")
    file.make()
    shared.service.ports = replace(shared.service.ports, journal=file)
    shared.erase(PAIR[0])
    assert list(subjects(shared).values()) == ["erased", "erased", "alive"]
    assert standing_open(shared) > 0
    if kill_again:
        with monkeypatch.context() as patched:
            patched.setattr(asides.forget, "destroy_keys", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                shared.service.run(case)
    assert shared.service.run(case).reason == "not_identifiable"
    assert list(subjects(shared).values()) == ["erased"] * 3
    assert standing_open(shared) == 0
    aside = file.lines()[-1]
    assert (aside.case, aside.subjects, aside.marks, aside.done) == (case, (3,), (), True)
    assert restore.missing(file, shared.edge.store, shared.edge.vault) == []


def test_of_two_partings_of_one_pair_the_second_leaves_no_third(shared: RightsDesk) -> None:
    choose(shared, PAIR[0], {"personalisation": "withdrawn"})
    first, second = (
        shared.service.open(None, Request(CaseType.UNLINK, ADDRESS, CONFIRMED)).id for _ in range(2)
    )
    for case in (first, second):
        with pytest.raises(Killed):
            shared.kill_after(Step.NO_COPIED).run(case)
    assert [shared.service.run(case).reason for case in (first, second)] == [None, None]
    assert list(subjects(shared).values()) == ["alive"] * 3 + ["erased"]
    assert noes(shared, ADDRESS[1]) == noes(shared, PAIR[0])


def test_whoever_was_parted_is_not_erased_when_the_first_is_before_the_case_is_closed(
    shared: RightsDesk,
) -> None:
    case = shared.service.open(None, Request(CaseType.UNLINK, ADDRESS, CONFIRMED)).id
    with pytest.raises(Killed):
        shared.kill_after(Step.NO_COPIED).run(case)
    with transaction(shared.edge.vault) as vault:
        pair = (PAIR[0], ADDRESS[1])
        undo_link(vault, shared.edge.keyring, Parting(pair, case, datetime.now(UTC), 3))
    shared.erase(PAIR[0])
    shared.service.run(case)
    assert list(subjects(shared).values()) == ["erased", "erased", "alive"]
    assert shared.report(ADDRESS[1])["held"]["vault.identifier"] == 1


def test_it_is_logged_before_it_is_done_and_the_log_names_nobody(shared: RightsDesk) -> None:
    unlink(shared)
    entries = shared.entries()
    actions = [json.loads(entry)["action"] for entry in entries]
    assert actions[:3] == ["case:opened", "link:undo", "case:closed"]
    assert canaries(ADA, "".join(entries)) == ()


def test_a_run_killed_after_it_was_done_is_taken_up_and_says_the_same(shared: RightsDesk) -> None:
    service = shared.kill_after(Step.OPENED)
    case = service.open(None, Request(CaseType.UNLINK, PAIR, CONFIRMED)).id
    with pytest.raises(Killed):
        service.run(case)
    assert links(shared)[0].undone_case is None
    assert shared.service.unfinished() == [case]
    assert shared.service.run(case).state == "closed"
    assert links(shared)[0].undone_case == case
    assert shared.service.result(None, case)["separate"] is True
    assert unlink(shared)[1]["link"] == shared.service.result(None, case)["link"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (("user_id", ALAN.user_id), "not_identifiable"),
        (("user_id", "undefined"), "identifier_invalid"),
        (("email", GRACE.email), "not_linked"),
    ],
)
def test_what_cannot_be_undone_is_answered_with_a_reason(
    shared: RightsDesk, other: tuple[str, str], reason: str
) -> None:
    at = datetime.fromtimestamp(shared.edge.now_us / 1_000_000, UTC) - timedelta(hours=2)
    shared.edge.send(identify(GRACE, at=at, sentAt=None, traits={"phone": ""}))
    row, _ = unlink(shared, PAIR[0], other)
    assert (row.state, row.reason) == ("closed", reason)
    assert shared.report(PAIR[0])["held"]["vault.subject"] == 2
