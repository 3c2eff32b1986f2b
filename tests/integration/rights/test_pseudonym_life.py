"""Everybody gets other pseudonyms while all runs: nobody is missed, nobody is there twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from gateway.consent.service import Choice
from gateway.rights import pseudonym_life
from gateway.rights.cases import CaseState, CaseType
from gateway.rights.key_life import KeyLife, by_schedule
from gateway.rights.service import Request
from policies.vocabulary import ConsentStatus
from pseudonymizer.errors import KeyInUse, KeyUnknown
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault import epochs
from pseudonymizer.vault.in_use import InUse
from pseudonymizer.vault.seek import seek
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.at_once import at_once
from tests.support.builders import ADA, ALAN, GRACE, Person, track
from tests.support.clock import instant
from tests.support.edge import TestEdge, make_edge
from tests.support.rights import CONFIRMED, RightsDesk, seed_everywhere
from workers.store import pseudonyms, registry
from workers.store.errors import PseudonymsDoubled, PseudonymsMoved
from workers.store.transactions import transaction

BOTH = 2  # domains of the shop's rulebook


@pytest.fixture
def elsewhere(edge: TestEdge, tmp_path: Path) -> TestEdge:
    """Another gateway, which remembers Ada by the pseudonyms of before."""
    other = make_edge(edge.store, edge.vault, tmp_path)
    assert other.send(viewed(other)) == {"stored": 1}
    return other


def viewed(edge: TestEdge, person: Person = ADA, **members: Any) -> dict[str, Any]:
    at = instant(edge.now_us)
    lamp = {"product_id": "lamp"}
    return track("Product Viewed", person, at=at, sentAt=None, properties=lamp, **members)


def turned(edge: TestEdge) -> int:
    epoch = pseudonym_life.rotate(edge.store, edge.vault)
    pseudonym_life.move(edge.store, edge.vault, edge.keyring, lambda _done: None)
    return epoch


def moved(edge: TestEdge) -> int:
    return pseudonym_life.move(edge.store, edge.vault, edge.keyring, lambda _done: None)


def registered(edge: TestEdge) -> dict[int, UUID]:
    return {row.id: row.pid for row in edge.rows("select id, pid from store.subject")}


def everything_else(edge: TestEdge) -> dict[str, list[Any]]:
    """Give every row of the store about somebody, and of the registry all but its names."""
    tables = ("event", "state", "membership", "feature_snapshot", "consent_record", "dirty")
    kept = {each: edge.rows(f"select t::text from store.{each} t order by 1") for each in tables}
    columns = "id, registered_at, generation, objected, domain, state, consent"
    return kept | {"subject": edge.rows(f"select {columns} from store.subject order by id")}


def test_everybody_is_called_otherwise_and_nothing_else_changes(desk: RightsDesk) -> None:
    edge = desk.edge
    seed_everywhere(desk)
    seed_everywhere(desk, GRACE)
    before, rest = registered(edge), everything_else(edge)
    report = desk.report(("email", ADA.email))
    segments = edge.segments.of("email", ADA.email)
    assert segments.segments
    assert turned(edge) == 1
    after = registered(edge)
    assert after.keys() == before.keys()
    assert set(after.values()).isdisjoint(before.values())
    assert everything_else(edge) == rest
    assert edge.segments.of("email", ADA.email) == segments
    again = desk.report(("email", ADA.email))
    # The browsers, which nobody registered, have names in it as well.
    named = [{part["pseudonym"] for part in each["domains"]} for each in (report, again)]
    known = [{str(pid) for pid in each.values()} for each in (before, after)]
    assert [[len(said & rows) for rows in known] for said in named] == [[BOTH, 0], [0, BOTH]]
    assert pseudonym_life.people_in(edge.store, edge.vault).keys() == {1}
    assert moved(edge) == 0
    assert edge.send(viewed(edge), viewed(edge, GRACE)) == {"stored": 2}
    assert registered(edge) == after


def test_a_gateway_that_slept_through_it_finds_everybody(
    edge: TestEdge, elsewhere: TestEdge
) -> None:
    before = registered(edge)
    assert len(before) == BOTH
    pseudonym_life.rotate(edge.store, edge.vault)
    assert elsewhere.send(viewed(elsewhere), viewed(elsewhere, GRACE)) == {"stored": 2}
    between = registered(edge)
    assert {number: between[number] for number in before} == before, "nobody was moved yet"
    assert len(between) == 2 * BOTH
    assert moved(edge) == BOTH, "who came meanwhile was registered by the new name at once"
    assert elsewhere.send(viewed(elsewhere), viewed(elsewhere, GRACE)) == {"stored": 2}
    turned(edge)
    assert elsewhere.send(viewed(elsewhere), viewed(elsewhere, ALAN)) == {"stored": 2}
    assert len(registered(edge)) == 3 * BOTH
    assert len(edge.rows("select mid from store.event")) == BOTH * 7


def test_who_comes_before_the_store_knows_is_moved_with_the_others(
    edge: TestEdge, elsewhere: TestEdge
) -> None:
    """The vault is told first; whoever rotates may be killed before the store is."""
    with vault_transaction(edge.vault) as vault:
        epochs.begin(vault, InUse(1, 0), at=datetime.now(UTC))
    assert edge.send(viewed(edge), viewed(edge, GRACE)) == {"stored": 2}
    assert elsewhere.send(viewed(elsewhere, GRACE)) == {"stored": 1}
    assert len(registered(edge)) == 2 * BOTH
    with pytest.raises(KeyInUse):
        pseudonym_life.rotate(edge.store, edge.vault)
    assert moved(edge) == 2 * BOTH
    assert elsewhere.send(viewed(elsewhere), viewed(elsewhere, GRACE)) == {"stored": 2}
    assert len(registered(edge)) == 2 * BOTH


def test_a_choice_and_a_look_go_to_the_same_person_at_every_stage(
    desk: RightsDesk, elsewhere: TestEdge
) -> None:
    edge = desk.edge
    seed_everywhere(desk, GRACE)
    numbers = set(registered(edge))
    assert elsewhere.segments.of("email", GRACE.email).segments
    pseudonym_life.rotate(edge.store, edge.vault)
    assert elsewhere.segments.of("email", GRACE.email).segments
    assert edge.send(viewed(edge, GRACE)) == {"stored": 1}
    choice = Choice("email", GRACE.email, {"advertising": ConsentStatus.WITHDRAWN}, None)
    records = edge.count("consent_record")
    elsewhere.consent.record(choice)
    assert edge.count("consent_record") == records + 1
    moved(edge)
    elsewhere.consent.record(replace(choice, purposes={"advertising": ConsentStatus.GIVEN}))
    assert edge.count("consent_record") == records + 2
    assert elsewhere.segments.of("email", GRACE.email).segments
    assert set(registered(edge)) == numbers
    assert desk.report(("email", GRACE.email))["domains"]


def test_people_who_come_and_go_while_it_turns_are_each_there_once(
    edge: TestEdge, elsewhere: TestEdge
) -> None:
    people = [
        replace(ADA, user_id=f"cust-{n}", email=f"p{n}@example.org", phone="") for n in range(40)
    ]
    stored = list[int]()

    def arrive(gateway: TestEdge) -> None:
        for turn in range(6):
            some = people[: 10 + 6 * turn]
            stored.append(gateway.send(*(viewed(gateway, each) for each in some))["stored"])

    def turn_over() -> None:
        for _ in range(4):
            turned(edge)

    assert at_once(lambda: arrive(edge), lambda: arrive(elsewhere), turn_over) == []
    assert sum(stored) == 2 * sum(10 + 6 * turn for turn in range(6))
    assert len(registered(edge)) == BOTH * 41
    assert edge.send(*(viewed(edge, each) for each in people)) == {"stored": 40}
    moved(edge)
    assert len(registered(edge)) == BOTH * 41
    assert edge.count("event") == BOTH * (sum(stored) + 40 + 1)


@pytest.mark.parametrize("stage", ["told", "registered", "moved"])
def test_an_erasure_reaches_whoever_is_being_renamed(
    desk: RightsDesk, elsewhere: TestEdge, tmp_path: Path, stage: str
) -> None:
    edge = desk.edge
    journal = JournalFile(tmp_path / "erasures.jsonl")
    journal.make()
    desk.service.ports = replace(desk.service.ports, journal=journal)
    surrogates = seed_everywhere(desk, GRACE)
    old = {pid for number, pid in registered(edge).items() if number in surrogates}
    if stage == "told":
        with vault_transaction(edge.vault) as vault:
            epochs.begin(vault, InUse(1, 0), at=datetime.now(UTC))
    else:
        pseudonym_life.rotate(edge.store, edge.vault)
    if stage == "moved":
        moved(edge)
    desk.erase(("email", GRACE.email))
    (line,) = journal.lines()
    written = {UUID(bytes=pid) for _, pid in line.pids}
    assert old < written, "of both epochs: a backup may know them by either"
    assert desk.rows_left(surrogates) == {}
    moved(edge)
    for gateway in (edge, elsewhere):
        assert gateway.send(viewed(gateway, GRACE)) == {"suppressed": 1}
    alive = edge.rows("select id from store.subject where state <> 2")
    assert len(alive) == BOTH, "Ada, whom the other gateway met"
    assert edge.rows("select id from store.subject where state = 2 and principal is not null") == []


def test_a_store_older_than_the_vault_serves_nobody_until_they_agree(
    edge: TestEdge, elsewhere: TestEdge, store_owner: Engine
) -> None:
    before = registered(edge)
    turned(edge)
    with transaction(store_owner) as owner:  # as a backup of the store from before has it
        owner.execute(text("update store.pseudonyms set epoch = 0, first = 0, brought = 0"))
        for number, pid in before.items():
            statement = text("update store.subject set pid = :pid where id = :id")
            owner.execute(statement, {"pid": pid, "id": number})
    for gateway in (edge, elsewhere):
        with pytest.raises(PseudonymsMoved):
            gateway.send(viewed(gateway), viewed(gateway, GRACE))
        with pytest.raises(PseudonymsMoved):
            gateway.segments.of("user_id", ADA.user_id)
    assert registered(edge) == before
    assert moved(edge) == BOTH
    for gateway in (edge, elsewhere):
        assert gateway.send(viewed(gateway), viewed(gateway, GRACE)) == {"stored": 2}
    assert len(registered(edge)) == 2 * BOTH


def test_a_vault_older_than_the_store_serves_nobody_until_they_agree(
    edge: TestEdge, elsewhere: TestEdge
) -> None:
    turned(edge)
    turned(edge)
    with vault_transaction(edge.vault) as vault:  # as a backup of the vault from before has it
        vault.execute(text("update vault.key_in_use set version = 0, first = 0 where name = 'pid'"))
    after = registered(edge)
    for gateway in (edge, elsewhere):
        gateway.resolver.clear()
        with pytest.raises(PseudonymsMoved):
            gateway.send(viewed(gateway), viewed(gateway, GRACE))
    with pytest.raises(PseudonymsMoved):
        elsewhere.segments.of("email", ADA.email)
    assert moved(edge) == 0
    for gateway in (edge, elsewhere):
        assert gateway.send(viewed(gateway), viewed(gateway, GRACE)) == {"stored": 2}
    assert registered(edge).items() > after.items()
    assert len(registered(edge)) == 2 * BOTH


def test_a_store_put_back_into_the_middle_of_a_move_is_seen(
    edge: TestEdge, elsewhere: TestEdge, store_owner: Engine
) -> None:
    """It says that people are registered by the new epoch, and not all of them are."""
    edge.send(viewed(edge, GRACE))
    before = registered(edge)
    turned(edge)
    back = dict(sorted(before.items())[:BOTH])
    with transaction(store_owner) as owner:
        owner.execute(text("update store.pseudonyms set first = 0, brought = 0"))
        for number, pid in back.items():
            statement = text("update store.subject set pid = :pid where id = :id")
            owner.execute(statement, {"pid": pid, "id": number})
    for gateway in (edge, elsewhere):
        with pytest.raises(PseudonymsMoved):
            gateway.send(viewed(gateway), viewed(gateway, GRACE))
    with pytest.raises(KeyInUse):
        pseudonym_life.rotate(edge.store, edge.vault)
    assert moved(edge) == BOTH
    for gateway in (edge, elsewhere):
        assert gateway.send(viewed(gateway), viewed(gateway, GRACE)) == {"stored": 2}
    assert len(registered(edge)) == 2 * BOTH


def test_an_erasure_waits_until_the_databases_agree(desk: RightsDesk) -> None:
    """By the names of an older vault it would find nobody, and say that all is gone."""
    edge = desk.edge
    surrogates = seed_everywhere(desk)
    turned(edge)
    with vault_transaction(edge.vault) as vault:
        vault.execute(text("update vault.key_in_use set version = 0, first = 0 where name = 'pid'"))
    case = desk.service.open(None, Request(CaseType.ERASURE, (("email", ADA.email),), CONFIRMED))
    with pytest.raises(PseudonymsMoved):
        desk.service.run(case.id)
    with vault_transaction(edge.vault) as vault:
        assert vault.execute(text("select count(*) from vault.erasure_journal")).scalar() == 0
    assert desk.rows_left(surrogates)
    moved(edge)
    assert desk.service.run(case.id).state == CaseState.CLOSED
    assert desk.rows_left(surrogates) == {}


def test_whoever_has_both_names_stops_the_move(edge: TestEdge, elsewhere: TestEdge) -> None:
    assert elsewhere is not edge
    pseudonym_life.rotate(edge.store, edge.vault)
    domains = {row.key: row.id for row in edge.rows("select id, key from store.domain")}
    edge.resolver.clear()
    called = edge.lookup([Lookup((("user_id", ADA.user_id),))])[0]
    assert called.pids
    with transaction(edge.store) as store:
        registry.register(store, [(pid, domains[key]) for key, pid in called.pids.items()])
    with pytest.raises(PseudonymsDoubled):
        moved(edge)
    with transaction(edge.store) as store:
        assert pseudonyms.epochs_in_use(store) == (0, 1), "nobody may believe that it is done"


def test_erasing_while_people_are_renamed_leaves_nothing(desk: RightsDesk) -> None:
    edge = desk.edge
    people = [replace(ADA, user_id=f"cust-{n}", email="", phone="") for n in range(12)]
    edge.send(*(viewed(edge, each) for each in people))
    surrogates = list(registered(edge))

    def erase() -> None:
        for person in people[::2]:
            desk.erase(("user_id", person.user_id))

    def turn_over() -> None:
        for _ in range(4):
            turned(edge)

    assert at_once(erase, turn_over) == []
    moved(edge)
    states = edge.rows("select id, state from store.subject")
    alive = [row.id for row in states if row.state != 2]
    assert len(alive) == BOTH * 6
    assert desk.rows_left([each for each in surrogates if each not in alive]) == {}
    assert edge.send(*(viewed(edge, each) for each in people)) == {"stored": 6, "suppressed": 6}
    assert len(edge.rows("select id from store.subject where state <> 2")) == BOTH * 6


def test_a_move_that_was_stopped_goes_on(
    edge: TestEdge, elsewhere: TestEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.send(viewed(edge, GRACE), viewed(edge, ALAN))
    pseudonym_life.rotate(edge.store, edge.vault)
    done = list[int]()

    def stop(moved_: int) -> None:
        if moved_:
            done.append(moved_)
            raise KeyboardInterrupt

    monkeypatch.setattr(pseudonym_life, "PORTION", 1)
    with pytest.raises(KeyboardInterrupt):
        pseudonym_life.move(edge.store, edge.vault, edge.keyring, stop)
    assert set(pseudonym_life.people_in(edge.store, edge.vault)) == {0, 1}
    with pytest.raises(KeyInUse):
        pseudonym_life.rotate(edge.store, edge.vault)
    assert done[0] + moved(edge) == 3 * BOTH
    assert set(pseudonym_life.people_in(edge.store, edge.vault)) == {1}
    assert elsewhere.send(viewed(elsewhere), viewed(elsewhere, GRACE)) == {"stored": 2}
    assert len(registered(edge)) == 3 * BOTH


def test_whose_a_former_pseudonym_was_can_be_found_out_by_those_who_may(
    edge: TestEdge, elsewhere: TestEdge
) -> None:
    domains = {row.id: row.key for row in edge.rows("select id, key from store.domain")}
    rows = edge.rows("select pid, domain from store.subject")
    turned(edge)
    now = edge.rows("select pid, domain from store.subject")
    found = {
        seek(edge.vault, edge.keyring, pid=row.pid.bytes, domain=domains[row.domain])
        for row in (*rows, *now)
    }
    assert len(found) == 1
    assert None not in found
    assert elsewhere.send(viewed(elsewhere)) == {"stored": 1}


def test_it_is_on_record_and_there_is_nothing_to_destroy(desk: RightsDesk) -> None:
    seed_everywhere(desk)
    ports = desk.service.ports
    life = KeyLife(
        store=ports.store,
        vault=ports.vault,
        rights=ports.rights,
        keyring=ports.keyring,
        audit=by_schedule(ports),
    )
    assert life.rotate("pid") == life.in_use("pid") == 1
    assert life.rows_under("pid")[0] == life.rows_under("pid").total()
    assert life.move("pid") == len(registered(desk.edge))
    assert set(life.rows_under("pid")) == {1}
    said = [json.loads(each)["action"] for each in desk.entries()]
    assert [each for each in said if each.startswith("key:")] == [
        "key:rotation-asked",
        "key:rotated",
    ]
    with pytest.raises(KeyUnknown):
        life.destroy("pid", 0)


def test_a_fence_is_not_renamed(edge: TestEdge, elsewhere: TestEdge) -> None:
    """Neither is anybody brought onto one: who was erased stays erased."""
    assert elsewhere is not edge
    (first, second) = registered(edge).values()
    with transaction(edge.store) as store:
        store.execute(text("update store.subject set state = 2, consent = '{}', objected = 0"
                           " where pid = :pid"), {"pid": first})  # fmt: skip
        assert pseudonyms.rename(store, [(first.bytes, UUID(int=1).bytes)]) == 0
        with pytest.raises(PseudonymsDoubled):
            pseudonyms.rename(store, [(second.bytes, first.bytes)])
        assert pseudonyms.rename(store, [(second.bytes, UUID(int=2).bytes)]) == 1
        assert pseudonyms.rename(store, []) == 0
    assert set(registered(edge).values()) == {first, UUID(int=2)}
