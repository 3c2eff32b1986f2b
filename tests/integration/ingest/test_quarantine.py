"""Suspect events are sealed for the officer within bounds; nobody else reads, moves or keeps them.

What an event without consent, over the bounds or past its time comes to is tried here, and what
somebody does who may write to the database.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from gateway.ingest.aside import KeepNothing
from gateway.quarantine.errors import (
    OfficerKeyWrong,
    QuarantineAltered,
    QuarantineExpired,
    QuarantineRestricted,
    QuarantineUnknown,
)
from gateway.quarantine.keeping import SealedKeeper
from policies.decisions import Reason
from policies.vocabulary import Suspicion
from tests.support.builders import ADA, ALL_CATEGORIES, GRACE, consent, page
from tests.support.edge import TestEdge, make_edge
from tests.support.quarantine import HEALTH, NIR, Officer, review_of, search
from workers.jobs.clock import now_us
from workers.jobs.expire import expire_events
from workers.jobs.withdraw import erase_withdrawn
from workers.store import registry
from workers.store.transactions import transaction

DAY_US = 86_400_000_000


@pytest.fixture
def officer(tmp_path: Path) -> Officer:
    return Officer.hired(tmp_path)


@pytest.fixture
def watched(
    store_gateway: Engine, vault_engine: Engine, tmp_path: Path, officer: Officer
) -> TestEdge:
    rules = officer.rulebook(tmp_path / "rules")
    return make_edge(store_gateway, vault_engine, tmp_path, rules)


def alter(edge: TestEdge, owner: Engine, assignment: str, number: int) -> None:
    """Do what only somebody can who has the database itself."""
    with owner.begin() as connection:
        changed = connection.execute(
            text(f"update store.quarantine set {assignment} where id = :number"),
            {"number": number},
        )
        assert changed.rowcount == 1
    assert edge.count("quarantine") > 0


def earlier(days: int) -> str:
    """Give the change after which a row was set aside *days* before it was."""
    by = f"interval '{days} days'"
    return f"set_aside_at = set_aside_at - {by}, expires_at = expires_at - {by}"


def test_by_default_nothing_is_set_aside(edge: TestEdge) -> None:
    assert edge.send(search(NIR)) == {"stored": 1}
    assert edge.rows("select text from store.event where text is not null") == [("<FR_NIR>",)]
    assert edge.send(search(HEALTH)) == {Reason.SPECIAL_CATEGORY: 1}
    assert edge.count("quarantine") == 0


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (NIR, Suspicion.SOCIAL_SECURITY_NUMBER),
        (NIR.replace(" ", "%20"), Suspicion.SOCIAL_SECURITY_NUMBER),
        (f"{HEALTH} {NIR}", Suspicion.SOCIAL_SECURITY_NUMBER),
        (HEALTH, Suspicion.SPECIAL_CATEGORY),
    ],
)
def test_a_suspect_event_is_sealed_and_nothing_of_it_is_stored(
    watched: TestEdge, officer: Officer, query: str, reason: Suspicion
) -> None:
    assert watched.send(search(query), search("lamps")) == {Reason.QUARANTINED: 1, "stored": 1}
    assert watched.rows("select text from store.event where text is not null") == [("lamps",)]
    assert watched.count("event") == 2  # the other search, in two domains
    (row,) = review_of(watched).listed()
    assert (row.reason, row.event, row.source_key) == (reason, "Products Searched", "web")
    assert row.expires_us == row.set_aside_us + 7 * DAY_US
    stored = str(watched.rows("select encode(sealed, 'escape'), q::text from store.quarantine q"))
    for secret in (ADA.user_id, query, HEALTH):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    opened = review_of(watched).open(row.id, officer.private)
    assert opened.document.identifiers == (("user_id", ADA.user_id),)
    assert opened.document.parts["properties"] == {"query": query}


def test_a_text_that_nobody_could_look_at_is_set_aside(
    watched: TestEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pseudonymizer.scrub.engine.BATCH_SECONDS", -1.0)  # every look is too late
    assert watched.send(search("ada@example.org writes")) == {Reason.QUARANTINED: 1}
    assert [row.reason for row in review_of(watched).listed()] == [Suspicion.UNREADABLE_TEXT]


def test_only_the_reasons_of_the_rulebook_count(
    store_gateway: Engine, vault_engine: Engine, tmp_path: Path, officer: Officer
) -> None:
    rules = officer.rulebook(tmp_path / "rules", Suspicion.SPECIAL_CATEGORY)
    edge = make_edge(store_gateway, vault_engine, tmp_path, rules)
    assert edge.send(search(NIR)) == {"stored": 1}
    assert edge.send(search(HEALTH)) == {Reason.QUARANTINED: 1}
    # What is graver than the one that is set aside keeps it from being so.
    assert edge.send(search(f"{HEALTH} {NIR}")) == {Reason.SPECIAL_CATEGORY: 1}


def test_without_consent_nothing_is_set_aside(watched: TestEdge) -> None:
    assert watched.send(search(NIR, context={"consent": {}})) == {Reason.CONSENT_REFUSED: 1}
    malformed = {"categoryPreferences": dict.fromkeys(ALL_CATEGORIES, "yes")}
    assert watched.send(search(NIR, context={"consent": malformed})) == {Reason.CONSENT_REFUSED: 1}
    assert watched.send(search(NIR, context={"consent": None})) == {Reason.CONSENT_MISSING: 1}
    child = consent(*ALL_CATEGORIES) | {"ageBand": "under_15"}
    assert Reason.QUARANTINED not in watched.send(search(NIR, context={"consent": child}))
    assert watched.count("quarantine") == 0


def test_what_consent_does_not_allow_is_not_sealed_either(
    watched: TestEdge, officer: Officer
) -> None:
    """A page is kept for every purpose, the words of a search for personalisation only."""
    call = page("/rayons/tests-de-grossesse", properties={"query": "quiet lamps", "colour": "red"})
    call["context"] = {"consent": consent("analytics"), "ip": "192.0.2.7"}
    call["timestamp"] = call["sentAt"] = None
    assert watched.send(call) == {Reason.QUARANTINED: 1}
    (row,) = review_of(watched).listed()
    parts = review_of(watched).open(row.id, officer.private).document.parts
    assert set(parts["properties"]) == {"url"}
    assert "ip" not in parts.get("context", {})


def test_what_the_ledger_does_not_allow_is_not_sealed(watched: TestEdge, officer: Officer) -> None:
    """The event says nothing of consent itself, so its words could serve any purpose."""
    watched.send(page("/lamps", context={"consent": consent("analytics")}))
    silent = {"consent": None, "page": {"url": "https://shop.example.com/lamps"}}
    assert watched.send(search(NIR, context=silent)) == {"stored": 1}
    assert watched.rows("select text from store.event where text is not null") == []
    assert watched.count("quarantine") == 0
    silent["page"] = {"url": "https://shop.example.com/tests-de-grossesse"}
    assert watched.send(search(NIR, context=silent)) == {Reason.QUARANTINED: 1}
    (row,) = review_of(watched).listed()
    assert row.reason == Suspicion.SPECIAL_CATEGORY
    document = review_of(watched).open(row.id, officer.private).document
    assert "properties" not in document.parts
    assert document.suspects == {}


def test_what_is_special_in_a_property_nobody_may_read_is_refused_unsealed(
    watched: TestEdge,
) -> None:
    watched.send(page("/lamps", context={"consent": consent("analytics")}))
    outcome = watched.send(search(HEALTH, context={"consent": None}))
    assert outcome == {Reason.SPECIAL_CATEGORY: 1}
    assert watched.count("quarantine") == 0


def test_of_two_domains_the_one_is_taken_in_which_the_reason_shows(watched: TestEdge) -> None:
    """Only audience measurement reads a page's address here; the first domain does not."""
    rules = watched.ingest.bound.rules
    plan = rules.plan("page", "Page Viewed")
    assert plan is not None
    measured = plan.domains[1][2]
    reads = tuple(
        replace(each, purposes=measured) if each.name == "url" else each for each in plan.properties
    )
    rules._plans["page", "Page Viewed"] = replace(plan, properties=reads)
    rules._plans["page", ""] = replace(plan, properties=reads)
    call = page("/rayons/tests-de-grossesse")
    call["timestamp"] = call["sentAt"] = None
    assert watched.send(call) == {Reason.QUARANTINED: 1}
    (row,) = review_of(watched).listed()
    assert row.purposes & ~measured == 0


def test_a_message_is_set_aside_once_however_often_it_is_sent(watched: TestEdge) -> None:
    call = search(NIR)
    assert watched.send(call, call) == {Reason.QUARANTINED: 1, "duplicate": 1}
    assert watched.send(call) == {"duplicate": 1}
    review_of(watched).discard(review_of(watched).listed()[0].id)
    assert watched.send(call) == {"duplicate": 1}
    assert watched.count("quarantine") == 1


def test_the_bounds_hold(watched: TestEdge) -> None:
    watched.ingest.keeper = SealedKeeper(2, 10**6)
    calls = [search(NIR) for _ in range(3)]
    assert watched.send(*calls) == {Reason.QUARANTINED: 2, Reason.QUARANTINE_FULL: 1}
    assert watched.send(search(HEALTH)) == {Reason.QUARANTINE_FULL: 1}
    watched.ingest.keeper = SealedKeeper(10, 3 * 1_100)
    assert watched.send(search(NIR), search(NIR)) == {
        Reason.QUARANTINED: 1,
        Reason.QUARANTINE_FULL: 1,
    }
    review_of(watched).discard(review_of(watched).listed()[0].id)
    assert watched.send(search(NIR)) == {Reason.QUARANTINED: 1}  # there is room again


def test_what_is_counted_says_which_became_what(watched: TestEdge) -> None:
    watched.send(search(NIR))
    found = watched.rows("select event, outcome, count from store.decision_count")
    assert found == [("Products Searched", Reason.QUARANTINED, 1)]


def test_the_length_of_a_seal_does_not_tell_what_is_in_it(watched: TestEdge) -> None:
    watched.send(search(NIR), search(f"{NIR} " + "x" * 150), search(HEALTH))
    lengths = {row.bytes for row in review_of(watched).listed()}
    assert len(lengths) == 1


@pytest.mark.parametrize(
    "assignment",
    [
        "sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)",
        "sealed = substr(sealed, 1, 20)",
        "sealed = ''",
        "reason = 'unreadable-text'",
        "event = 'Page Viewed'",
        "mid = mid + 1",
        "id = id + 1000",
        "expires_at = expires_at - interval '1 hour'",
        "set_aside_at = set_aside_at + interval '1 second'",
        "source = (select max(id) from store.source)",
        "subject = (select max(id) from store.subject)",
        "rulebook = (select max(id) from store.rulebook)",
    ],
)
def test_a_row_that_was_altered_opens_for_nobody(
    watched: TestEdge, officer: Officer, store_owner: Engine, assignment: str
) -> None:
    watched.send(search(NIR))
    with store_owner.begin() as connection:
        connection.execute(text("insert into store.source (key, label) values ('app', 'app')"))
        connection.execute(text("insert into store.rulebook (hash) values ('00')"))
    watched.send(search("lamps", GRACE))
    (row,) = review_of(watched).listed()
    alter(watched, store_owner, assignment, row.id)
    (row,) = review_of(watched).listed()
    with pytest.raises(QuarantineAltered):
        review_of(watched).open(row.id, officer.private)


def test_seals_that_changed_places_open_for_nobody(
    watched: TestEdge, officer: Officer, store_owner: Engine
) -> None:
    watched.send(search(NIR), search(NIR, GRACE))
    first, second = review_of(watched).listed()
    alter(
        watched, store_owner,
        f"sealed = (select o.sealed from store.quarantine o where o.id = {second.id})", first.id,
    )  # fmt: skip
    with pytest.raises(QuarantineAltered):
        review_of(watched).open(first.id, officer.private)
    review_of(watched).open(second.id, officer.private)


def test_another_key_opens_nothing(watched: TestEdge, store_owner: Engine, tmp_path: Path) -> None:
    watched.send(search(NIR))
    (row,) = review_of(watched).listed()
    other = Officer.hired(tmp_path, "other")
    with pytest.raises(OfficerKeyWrong):
        review_of(watched).open(row.id, other.private)
    from pseudonymizer.public_seal import key_id

    alter(watched, store_owner, f"key_id = '{key_id(other.public)}'", row.id)
    with pytest.raises(QuarantineAltered):
        review_of(watched).open(row.id, other.private)


def test_a_public_key_nobody_can_seal_for_drops_what_is_suspect(watched: TestEdge) -> None:
    rules = watched.ingest.bound.rules
    zeros = replace(rules.ruleset.quarantine, key=base64.b64encode(bytes(32)).decode())
    rules.ruleset = replace(rules.ruleset, quarantine=zeros)
    outcome = watched.send(search(NIR), search("lamps"))
    assert outcome == {Reason.SOCIAL_SECURITY_NUMBER: 1, "stored": 1}
    assert watched.count("quarantine") == 0


def test_what_is_over_its_time_neither_opens_nor_stays(
    watched: TestEdge, officer: Officer, store_owner: Engine, store_workers: Engine
) -> None:
    watched.send(search(NIR), search(NIR, GRACE))
    first, second = review_of(watched).listed()
    for row in (first, second):
        alter(watched, store_owner, earlier(8), row.id)
    with pytest.raises(QuarantineExpired):
        review_of(watched).open(first.id, officer.private)
    with transaction(watched.store) as connection:
        registry.set_state(connection, [second.subject], registry.RESTRICTED)
    assert not expire_events(store_workers, watched.ingest.bound.computation, clock=now_us)
    # A restriction keeps what somebody may need for a claim, and keeps everybody from using it.
    assert [row.id for row in review_of(watched).listed()] == [second.id]
    with pytest.raises(QuarantineRestricted):
        review_of(watched).open(second.id, officer.private)
    with pytest.raises(QuarantineRestricted):
        review_of(watched).discard(second.id)
    with transaction(watched.store) as connection:
        registry.set_state(connection, [second.subject], registry.ALIVE)
    assert not expire_events(store_workers, watched.ingest.bound.computation, clock=now_us)
    assert watched.count("quarantine") == 0
    with pytest.raises(QuarantineUnknown):
        review_of(watched).open(first.id, officer.private)


def test_a_shorter_time_in_the_rulebook_counts_at_once(
    watched: TestEdge, store_owner: Engine, store_workers: Engine
) -> None:
    watched.send(search(NIR))
    (row,) = review_of(watched).listed()
    alter(watched, store_owner, earlier(2), row.id)
    ctx = watched.ingest.bound.computation
    assert not expire_events(store_workers, ctx, clock=now_us)
    assert watched.count("quarantine") == 1
    rules = replace(ctx.rules, quarantine=replace(ctx.rules.quarantine, days=1))
    assert not expire_events(store_workers, replace(ctx, rules=rules), clock=now_us)
    assert watched.count("quarantine") == 0


def test_a_withdrawal_of_any_of_its_purposes_takes_what_is_sealed(watched: TestEdge) -> None:
    """A seal cannot be shortened: what is in it was read for every purpose together."""
    watched.send(search(NIR, context={"consent": consent("personalisation", "marketing")}))
    no = consent("marketing", refused=("personalisation",))
    watched.send(search("lamps", context={"consent": no}))
    assert review_of(watched).listed() == []


def test_what_is_settled_goes_with_its_last_purpose(watched: TestEdge) -> None:
    watched.send(search(NIR, context={"consent": consent("personalisation", "marketing")}))
    row = review_of(watched).discard(review_of(watched).listed()[0].id)
    no = consent("marketing", refused=("personalisation",))
    watched.send(search("lamps", context={"consent": no}))
    (narrowed,) = review_of(watched).listed()
    assert 0 < narrowed.purposes < row.purposes
    no = consent(refused=("personalisation", "marketing"))
    watched.send(search("lamps", context={"consent": no}))
    assert review_of(watched).listed() == []


DENIED = [
    "select id from store.quarantine",
    "select sealed from store.quarantine",
    "insert into store.quarantine (subject) values (1)",
    "update store.quarantine set outcome = 'replayed'",
    "delete from store.quarantine",
    "select nextval('store.quarantine_id_seq')",
]


@pytest.mark.parametrize("statement", DENIED)
def test_the_workers_reach_nothing_of_it(
    watched: TestEdge, store_workers: Engine, statement: str
) -> None:
    watched.send(search(NIR))
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        store_workers.connect() as connection,
    ):
        connection.execute(text(statement))
    assert watched.count("quarantine") == 1


def test_the_workers_delete_nothing_that_is_young_or_was_not_withdrawn(
    watched: TestEdge, store_owner: Engine, store_workers: Engine
) -> None:
    watched.send(search(NIR), search(NIR, GRACE))
    young, old = review_of(watched).listed()
    alter(watched, store_owner, earlier(1), old.id)
    with store_workers.begin() as connection:
        connection.execute(
            text("select store.withdraw_quarantined(array[0, 1, 2], array_fill(now(), array[3]))")
        )
        found = connection.execute(text("select store.forget_quarantined('infinity', 10)"))
        assert found.scalar_one() == 1
    assert [row.id for row in review_of(watched).listed()] == [young.id]


def test_a_clock_that_is_ahead_stops_no_expiry(
    watched: TestEdge, store_owner: Engine, store_workers: Engine
) -> None:
    watched.send(search(NIR), search(NIR, GRACE))
    young, old = review_of(watched).listed()
    alter(watched, store_owner, earlier(1), old.id)
    ctx = watched.ingest.bound.computation
    rules = replace(ctx.rules, quarantine=replace(ctx.rules.quarantine, days=1))
    ahead_us = DAY_US // 2
    ctx = replace(ctx, rules=rules)
    assert not expire_events(store_workers, ctx, clock=lambda: now_us() + ahead_us)
    assert [row.id for row in review_of(watched).listed()] == [young.id]


def test_the_quarantine_is_gone_over_first(
    watched: TestEdge, store_owner: Engine, store_workers: Engine
) -> None:
    """Whatever else there is to do: time is over after one portion and the look for a second."""
    watched.send(search(NIR))
    alter(watched, store_owner, earlier(8), review_of(watched).listed()[0].id)
    left = iter([False, False])
    over = lambda: next(left, True)  # noqa: E731
    ctx = watched.ingest.bound.computation
    assert expire_events(store_workers, ctx, clock=now_us, until=over)
    assert review_of(watched).listed() == []


def test_what_a_restricted_person_withdraws_goes_when_the_restriction_ends(
    watched: TestEdge, officer: Officer, store_workers: Engine
) -> None:
    watched.send(search(NIR), search(NIR, GRACE))
    kept, others = review_of(watched).listed()
    ctx = watched.ingest.bound.computation
    with transaction(watched.store) as connection:
        registry.set_state(connection, [kept.subject], registry.RESTRICTED)
    watched.send(search("lamps", context={"consent": consent(refused=("personalisation",))}))
    assert not erase_withdrawn(store_workers, ctx, clock=now_us)
    assert [row.id for row in review_of(watched).listed()] == [kept.id, others.id]
    with pytest.raises(QuarantineRestricted):
        review_of(watched).open(kept.id, officer.private)
    with transaction(watched.store) as connection:
        registry.set_state(connection, [kept.subject], registry.ALIVE)
    assert not erase_withdrawn(store_workers, ctx, clock=now_us)
    assert [row.id for row in review_of(watched).listed()] == [others.id]


def test_the_gateway_may_change_nothing_that_a_seal_is_bound_to(watched: TestEdge) -> None:
    watched.send(search(NIR))
    for column in ("subject", "mid", "reason", "expires_at", "key_id", "rulebook"):
        with pytest.raises(ProgrammingError), watched.store.begin() as connection:
            connection.execute(text(f"update store.quarantine set {column} = {column}"))


def test_a_gateway_that_sets_nothing_aside_asks_nothing(watched: TestEdge) -> None:
    watched.ingest.keeper = KeepNothing()
    assert watched.send(search(NIR)) == {"stored": 1}


def test_a_commit_that_fails_leaves_nothing_in_quarantine(
    watched: TestEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counters are written last, in the same transaction."""

    def fail(*_given: Any, **_named: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("workers.store.counts.add", fail)
        with pytest.raises(RuntimeError):
            watched.send(search(NIR))
    assert watched.count("quarantine") == 0
