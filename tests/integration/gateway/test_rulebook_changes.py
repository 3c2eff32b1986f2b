"""Another rulebook comes into force on every process at once, by two people where it loosens."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway import contention
from gateway.embedded.processes import wait_until
from gateway.ingest.binding import InForce
from gateway.rights.operators import Operator, Role
from gateway.rulebooks import adopting
from gateway.rulebooks.errors import (
    ChangeDecided,
    ChangeOutdated,
    ChangeUnknown,
    RulebookBusy,
    RulebookFaulty,
    RulebookUnchanged,
    SameApprover,
)
from gateway.rulebooks.service import Rulebooks
from policies.errors import RulebookInvalid
from policies.load import load_rulebook, rulebook_of
from policies.ruleset import RuleSet
from tests.support.builders import ADA, GRACE, track
from tests.support.edge import TestEdge, make_edge
from tests.support.rights import RightsDesk
from tests.support.rulebooks import edited
from tests.support.shop import slices_of
from workers.errors import NoticeRewritten, SegmentRedefined
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all
from workers.jobs.expire import expire_events
from workers.jobs.refresh import refresh
from workers.jobs.withdraw import erase_withdrawn
from workers.store import in_force, numbering, rulebook_changes
from workers.store.errors import RulebookReplaced, StoreRefused
from workers.store.rulebook_changes import ADOPTED, Proposal
from workers.store.transactions import transaction

SHIPPED = load_rulebook()
OPERATOR = Operator(uuid.UUID(int=1), "operator", Role.OPERATOR)
DPO = Operator(uuid.UUID(int=2), "dpo", Role.DPO)
SECOND = Operator(uuid.UUID(int=3), "second dpo", Role.DPO)

LOOSER = ("events.yaml", "aliases: [compare]", "aliases: [compare, gaze]")
STRICTER = ("events.yaml", "aliases: [compare]", "aliases: []")
OTHER_SEGMENT = ("segments/recent_buyers.yaml", "at_least: 1}", "at_least: 2}")
OTHER_NOTICE = ("notices.yaml", "notre boutique", "cette boutique")


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def desk(
    edge: TestEdge, rights_engine: Engine, store_auditor: Engine, store_workers: Engine
) -> RightsDesk:
    assert adopting.begin(edge.store, SHIPPED, clock)
    return RightsDesk(edge, rights_engine, store_auditor, store_workers)


@pytest.fixture
def rulebooks(desk: RightsDesk) -> Rulebooks:
    return Rulebooks(desk.service.ports, desk.edge.ingest.in_force.follow)


@pytest.fixture
def looser(tmp_path: Path) -> RuleSet:
    return edited(tmp_path / "looser", LOOSER)


@pytest.fixture
def stricter(tmp_path: Path) -> RuleSet:
    return edited(tmp_path / "stricter", STRICTER)


def standing(edge: TestEdge) -> str:
    with transaction(edge.store) as store:
        found = in_force.standing(store)
    assert found is not None
    return found.hash


def waiting(edge: TestEdge) -> bool:
    """Say whether somebody waits for the lock of the rulebook."""
    return edge.rows("select count(*) from pg_locks where locktype = 'advisory' and not granted"
                     " and database = (select oid from pg_database"
                     " where datname = current_database())") != [(0,)]  # fmt: skip


def logged(desk: RightsDesk, action: str) -> list[dict[str, Any]]:
    entries = [json.loads(header) for header in desk.entries()]
    return [each["fields"] for each in entries if each["action"] == action]


# Who may


def test_what_loosens_nothing_is_in_force_at_once(
    desk: RightsDesk, rulebooks: Rulebooks, stricter: RuleSet
) -> None:
    told = rulebooks.propose(OPERATOR, stricter)
    assert (told.change.outcome, told.change.loosens) == (ADOPTED, False)
    assert standing(desk.edge) == stricter.hash == desk.edge.ingest.bound.rules.ruleset.hash
    assert [each.effect for each in told.differences] == ["dropped"]
    (proposed,), (first, entry) = (
        logged(desk, "rulebook:proposed"),
        logged(desk, "rulebook:adopted"),
    )
    assert proposed["by"] == str(OPERATOR.id)
    assert (first["by"], first["replaces"]) == ("start", "")
    assert (entry["by"], entry["replaces"], entry["rulebook"]) == (
        "nobody", SHIPPED.hash, stricter.hash
    )  # fmt: skip


def test_what_loosens_waits_for_somebody_else(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet
) -> None:
    told = rulebooks.propose(DPO, looser)
    assert (told.change.outcome, told.change.loosens) == (None, True)
    assert standing(desk.edge) == SHIPPED.hash
    with pytest.raises(SameApprover):
        rulebooks.approve(DPO, told.change.id)
    assert standing(desk.edge) == SHIPPED.hash
    approved = rulebooks.approve(SECOND, told.change.id)
    assert (approved.change.outcome, approved.change.decided_by) == (ADOPTED, SECOND.id)
    assert standing(desk.edge) == looser.hash
    assert (
        logged(desk, "rulebook:adopted")[-1] | {"by": str(SECOND.id), "loosens": True}
        == (logged(desk, "rulebook:adopted")[-1])
    )


@pytest.mark.parametrize("approver", [None, DPO.id])
def test_the_database_itself_refuses_a_loosening_by_one_person(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, approver: uuid.UUID | None
) -> None:
    change = rulebooks.propose(DPO, looser).change.id
    with pytest.raises(StoreRefused) as refused, transaction(desk.edge.store) as store:
        rulebook_changes.decide(store, change, ADOPTED, by=approver, now=clock())
    assert refused.value.sqlstate == "23514"  # a check constraint


def test_the_database_itself_keeps_what_nobody_adopted_out_of_force(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet
) -> None:
    change = rulebooks.propose(DPO, looser).change.id
    with transaction(desk.edge.store) as store:
        new, old = (numbering.rulebook_number(store, each.hash) for each in (looser, SHIPPED))
    for number, pointed in ((new, change), (new, 1), (old, change), (old, 1)):
        with pytest.raises(StoreRefused) as refused, transaction(desk.edge.store) as store:
            in_force.put(store, number, change=pointed, now=clock())
        assert refused.value.sqlstate == "23514"


def test_the_database_itself_keeps_an_old_one_from_coming_back(
    desk: RightsDesk, rulebooks: Rulebooks, stricter: RuleSet
) -> None:
    """Who was allowed before a tightening is not allowed after it, adopted though it was once."""
    rulebooks.propose(OPERATOR, stricter)
    with transaction(desk.edge.store) as store:
        old = numbering.rulebook_number(store, SHIPPED.hash)
    with pytest.raises(StoreRefused) as refused, transaction(desk.edge.store) as store:
        in_force.put(store, old, change=1, now=clock())
    assert refused.value.sqlstate == "23514"


def test_the_gateway_cannot_write_down_a_change_as_decided(desk: RightsDesk) -> None:
    with pytest.raises(StoreRefused) as refused, transaction(desk.edge.store) as store:
        store.execute(text(
            "insert into store.rulebook_change (proposed_at, rulebook, loosens, content, outcome)"
            " values (now(), 1, false, '{}', 'adopted')"
        ))  # fmt: skip
    assert refused.value.sqlstate == "42501"


def test_a_change_is_refused_and_may_be_proposed_again(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet
) -> None:
    change = rulebooks.propose(OPERATOR, looser).change.id
    assert rulebooks.refuse(DPO, change).change.outcome == "refused"
    for decide in (rulebooks.approve, rulebooks.refuse):
        with pytest.raises(ChangeDecided):
            decide(SECOND, change)
    again = rulebooks.propose(OPERATOR, looser).change.id
    assert rulebooks.approve(DPO, again).change.outcome == ADOPTED
    assert logged(desk, "rulebook:refused") == [{"by": str(DPO.id), "change": change}]


def test_a_change_of_what_is_no_longer_in_force_is_outdated(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, stricter: RuleSet
) -> None:
    waiting = rulebooks.propose(DPO, looser).change.id
    rulebooks.propose(OPERATOR, stricter)
    with pytest.raises(ChangeOutdated):
        rulebooks.approve(SECOND, waiting)
    assert standing(desk.edge) == stricter.hash
    assert [each.loosens for each in rulebooks.one(waiting).differences] == [True]


def test_what_cannot_be_decided_is_said(rulebooks: Rulebooks) -> None:
    with pytest.raises(RulebookUnchanged):
        rulebooks.propose(DPO, SHIPPED)
    for decide in (rulebooks.approve, rulebooks.refuse):
        with pytest.raises(ChangeUnknown):
            decide(SECOND, 4711)
    with pytest.raises(ChangeUnknown):
        rulebooks.one(4711)
    assert [each.id for each in rulebooks.listed()[1]] == [1]


# Whole or not at all


@pytest.mark.parametrize(
    ("edit", "error"), [(OTHER_SEGMENT, SegmentRedefined), (OTHER_NOTICE, NoticeRewritten)]
)
def test_what_contradicts_the_record_changes_nothing(
    desk: RightsDesk, rulebooks: Rulebooks, tmp_path: Path,
    edit: tuple[str, str, str], error: type[Exception],
) -> None:  # fmt: skip
    rules = edited(tmp_path / "odd", edit, LOOSER)
    before = desk.entries()
    with pytest.raises(error):
        rulebooks.propose(DPO, rules)
    assert standing(desk.edge) == SHIPPED.hash
    assert (len(rulebooks.listed()[1]), desk.entries()) == (1, before)


def test_what_must_not_be_is_not_proposed(
    desk: RightsDesk, rulebooks: Rulebooks, tmp_path: Path
) -> None:
    pregnant = ("segments/recent_buyers.yaml", "en: Recent buyers", "en: Pregnant women")
    before = desk.entries()
    with pytest.raises(RulebookFaulty):
        rulebooks.propose(DPO, edited(tmp_path / "odd", pregnant))
    assert desk.entries() == before


def test_a_proposal_registers_nothing_that_was_never_shown(
    desk: RightsDesk, rulebooks: Rulebooks, tmp_path: Path
) -> None:
    new = ("segments/recent_buyers.yaml", "version: 1", "version: 2")
    rulebooks.propose(DPO, edited(tmp_path / "one", new, OTHER_SEGMENT, LOOSER))
    assert desk.edge.rows("select count(*) from store.segment where version = 2") == [(0,)]
    third = ("segments/recent_buyers.yaml", "at_least: 1}", "at_least: 3}")
    again = rulebooks.propose(DPO, edited(tmp_path / "two", new, third, LOOSER)).change.id
    assert rulebooks.approve(SECOND, again).change.outcome == ADOPTED


def test_a_content_that_was_tampered_with_is_not_obeyed(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, store_owner: Engine
) -> None:
    change = rulebooks.propose(DPO, looser).change.id
    with transaction(store_owner) as store:
        store.execute(text("update store.rulebook_change set content = replace(content, '5', '9')"))
    with pytest.raises(RulebookInvalid):
        rulebooks.approve(SECOND, change)
    assert standing(desk.edge) == SHIPPED.hash


def test_the_first_rulebook_begins_once(edge: TestEdge, looser: RuleSet) -> None:
    begun: list[bool] = []
    threads = [
        threading.Thread(target=lambda: begun.append(adopting.begin(edge.store, SHIPPED, clock)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun) == [False, False, False, True]
    assert not adopting.begin(edge.store, looser, clock)
    assert standing(edge) == SHIPPED.hash


# At one instant for all


def test_every_process_goes_by_it_from_then_on(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, tmp_path: Path
) -> None:
    ours = desk.edge
    theirs = make_edge(ours.store, ours.vault, tmp_path)
    ours.now_us = theirs.now_us = now_us()
    at = clock()
    for each in (ours, theirs):
        assert each.send(track("gaze", at=at)) == {"event-unknown": 1}
    change = rulebooks.propose(DPO, looser).change.id
    rulebooks.approve(SECOND, change)
    stored = theirs.send(track("gaze", GRACE, at=at))  # which nobody has told
    assert stored == {"stored": 1} == ours.send(track("gaze", ADA, at=at))
    hashes = {hash_ for (hash_,) in ours.rows(
        "select hash from store.batch join store.rulebook r on r.id = batch.rulebook"
    )}  # fmt: skip
    assert hashes == {looser.hash}


def test_whoever_only_reads_goes_by_it_too(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, tmp_path: Path
) -> None:
    theirs = make_edge(desk.edge.store, desk.edge.vault, tmp_path)
    rulebooks.approve(SECOND, rulebooks.propose(DPO, looser).change.id)
    assert theirs.segments.listed().rulebook == looser.hash
    assert not theirs.ingest.in_force.follow()  # it knows already


def test_following_is_enough_where_nothing_asks(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, tmp_path: Path
) -> None:
    theirs = make_edge(desk.edge.store, desk.edge.vault, tmp_path)
    rulebooks.approve(SECOND, rulebooks.propose(DPO, looser).change.id)
    assert theirs.ingest.bound.rules.ruleset.hash == SHIPPED.hash
    assert theirs.ingest.in_force.follow()
    assert theirs.ingest.bound.rules.ruleset.hash == looser.hash


def test_a_commit_by_the_old_rules_is_waited_for_and_none_follows(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet
) -> None:
    change = rulebooks.propose(DPO, looser).change.id
    old = desk.edge.ingest.bound.computation.rulebook
    done = threading.Event()

    def approve() -> None:
        rulebooks.approve(SECOND, change)
        done.set()

    thread = threading.Thread(target=approve)
    with transaction(desk.edge.store) as writing:
        in_force.hold(writing, old)
        thread.start()
        time.sleep(3 * in_force.PATIENCE_MS / 1000)
        assert not done.is_set()
        assert in_force.number(writing) == old
        with transaction(desk.edge.store) as other:  # nobody is kept out for long meanwhile
            in_force.hold(other, old)
    thread.join()
    with pytest.raises(RulebookReplaced), transaction(desk.edge.store) as late:
        in_force.hold(late, old)


def test_whoever_waited_for_the_change_sees_it(desk: RightsDesk, looser: RuleSet) -> None:
    """A statement goes on with what it saw before it waited; holding has to look anew."""
    with transaction(desk.edge.store) as store:
        new = numbering.rulebook_number(store, looser.hash)
    old, found = desk.edge.ingest.bound.computation.rulebook, list[object]()
    with transaction(desk.edge.store) as store:
        change = rulebook_changes.propose(
            store, Proposal(looser, new, old, loosens=False, by=None), clock()
        )

    def hold() -> None:
        try:
            with transaction(desk.edge.store) as store:
                in_force.hold(store, old)
        except RulebookReplaced as error:
            found.append(error)

    thread = threading.Thread(target=hold)
    with transaction(desk.edge.store) as changing:
        in_force.alone(changing)
        rulebook_changes.decide(changing, change, ADOPTED, by=None, now=clock())
        thread.start()
        assert wait_until(lambda: waiting(desk.edge), 10, pause=0.01), "nobody waits"
        in_force.put(changing, new, change=change, now=clock())
    thread.join()
    assert len(found) == 1


def test_a_gap_between_writers_is_taken_before_anybody_has_to_wait(
    desk: RightsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_force, "GLANCES", 2_000)
    alone = threading.Event()

    def change() -> None:
        with transaction(desk.edge.store) as changing:
            in_force.alone(changing)
            alone.set()

    thread = threading.Thread(target=change)
    old = desk.edge.ingest.bound.computation.rulebook
    with transaction(desk.edge.store) as writing:
        in_force.hold(writing, old)
        thread.start()
        for _ in range(20):
            with transaction(desk.edge.store) as other:
                in_force.hold(other, old)
            assert not waiting(desk.edge)
        assert not alone.is_set()
    thread.join()
    assert alone.is_set()


def test_a_proposal_is_read_before_it_comes_into_force(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet
) -> None:
    change = rulebooks.propose(DPO, looser).change.id
    theirs = InForce(desk.edge.store, desk.edge.ingest.bound)
    rulebook_of.cache_clear()
    theirs.foresee()
    assert rulebook_of.cache_info().misses == 1
    theirs.foresee()  # once is enough
    assert rulebook_of.cache_info().hits == 0
    rulebooks.approve(SECOND, change)
    before = rulebook_of.cache_info()
    assert theirs.follow()
    after = rulebook_of.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 1)


def test_somebody_who_never_stops_writing_keeps_the_old_one_in_force(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contention, "TRIES", 2)
    change = rulebooks.propose(DPO, looser).change.id
    with transaction(desk.edge.store) as writing:
        in_force.hold(writing, desk.edge.ingest.bound.computation.rulebook)
        with pytest.raises(RulebookBusy):
            rulebooks.approve(SECOND, change)
    assert rulebooks.one(change).change.outcome is None
    assert rulebooks.approve(SECOND, change).change.outcome == ADOPTED


@pytest.mark.parametrize("job", [
    lambda engine, ctx: drain_all(engine, ctx, clock=now_us),
    refresh,
    lambda engine, ctx: erase_withdrawn(engine, ctx, clock=now_us),
    lambda engine, ctx: expire_events(engine, ctx, clock=now_us),
])  # fmt: skip
def test_no_job_goes_on_by_the_old_rules(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, job: Callable[[Engine, Any], object]
) -> None:
    before = desk.edge.ingest.bound.computation
    rulebooks.approve(SECOND, rulebooks.propose(DPO, looser).change.id)
    with pytest.raises(RulebookReplaced):
        job(desk.workers, before)
    job(desk.workers, desk.edge.ingest.bound.computation)


def test_a_refresh_that_is_under_way_ends_with_its_rulebook(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.edge.now_us = now_us()
    desk.edge.send(*(track("Product Viewed", who, at=clock()) for who in (ADA, GRACE)))
    before = desk.edge.ingest.bound.computation
    slices_of(1, monkeypatch)
    changed: list[int] = []

    def change(done: int, _total: int) -> None:
        if done == 1:
            rulebooks.approve(SECOND, rulebooks.propose(DPO, looser).change.id)
        changed.append(done)

    with pytest.raises(RulebookReplaced):
        refresh(desk.workers, before, progress=change)
    assert changed == [1]


def test_everybody_is_looked_at_anew(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet
) -> None:
    rulebooks.approve(SECOND, rulebooks.propose(DPO, looser).change.id)
    topics = desk.edge.rows("select topic, reference from store.outbox order by id")
    assert topics == [("refresh-memberships", 1), ("refresh-memberships", 2)]


def test_a_rulebook_that_follows_another_again_and_again_is_caught_up_with(
    desk: RightsDesk, rulebooks: Rulebooks, looser: RuleSet, tmp_path: Path
) -> None:
    seen = list[str]()
    theirs: InForce = make_edge(desk.edge.store, desk.edge.vault, tmp_path).ingest.in_force

    def act(bound: Any) -> str:
        hash_ = str(bound.rules.ruleset.hash)
        seen.append(hash_)
        if len(seen) == 1:
            rulebooks.approve(SECOND, rulebooks.propose(DPO, looser).change.id)
        elif len(seen) == 2:
            rulebooks.propose(OPERATOR, SHIPPED)
        with transaction(desk.edge.store) as store:
            in_force.hold(store, bound.computation.rulebook)
        return hash_

    assert theirs.under(act) == SHIPPED.hash
    assert seen == [SHIPPED.hash, looser.hash, SHIPPED.hash]
