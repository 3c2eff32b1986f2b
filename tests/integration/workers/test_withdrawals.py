"""A withdrawal is carried out: what has no other basis goes, whatever else stays as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from gateway.consent.service import Choice
from policies.vocabulary import ConsentStatus, LegalBasis
from tests.support.builders import ADA, GRACE, Person, call
from tests.support.edge import TestEdge, make_edge, shop_rules
from workers.jobs.refresh import refresh
from workers.jobs.withdraw import FOREVER_US, allowed_since_us, erase_withdrawn
from workers.store import folding, registry
from workers.store.transactions import transaction

MARKETING = ("personalisation", "email_marketing", "advertising")
EVERYTHING = (*MARKETING, "audience_measurement")
HOUR_US = 3_600_000_000


def send(edge: TestEdge, person: Person = ADA, *, hours: float = 0.0, **members: Any) -> None:
    at = datetime.fromtimestamp(edge.now_us / 1e6, UTC) - timedelta(hours=hours)
    properties = {"product_id": "lampe-arc", "category": "luminaires"}
    members = {"event": "Product Viewed", "properties": properties, "sentAt": None} | members
    edge.send(call("track", person, at=at, **members))


def choose(
    status: ConsentStatus, edge: TestEdge, *purposes: str, person: Person = ADA, hours: float = 0.0
) -> None:
    at_us = edge.now_us - round(hours * HOUR_US)
    edge.consent.record(Choice("user_id", person.user_id, dict.fromkeys(purposes, status), at_us))


withdraw = partial(choose, ConsentStatus.WITHDRAWN)
refuse = partial(choose, ConsentStatus.REFUSED)
give = partial(choose, ConsentStatus.GIVEN)


def carry_out(edge: TestEdge, workers: Engine) -> None:
    ctx = edge.ingest.bound.computation
    assert not erase_withdrawn(workers, ctx, clock=lambda: edge.now_us)


def kept(edge: TestEdge) -> list[set[str]]:
    """Give the purposes of each stored event, oldest first."""
    numbers = edge.ingest.bound.rules.numbers
    rows = edge.rows("select purposes from store.event order by at, purposes")
    return [{key for key, n in numbers.items() if mask >> (n - 1) & 1} for (mask,) in rows]


def reports(edge: TestEdge) -> set[tuple[str, int, int, bool]]:
    """Give what became of each withdrawal: purpose, events deleted, narrowed, whether finished."""
    rows = edge.rows(
        "select p.key, w.deleted, w.narrowed, w.finished_at is not null"
        " from store.withdrawal w join store.purpose p on p.id = w.purpose"
    )
    return {tuple(row) for row in rows}


def test_an_event_loses_the_purpose_and_stays_for_the_others(
    edge: TestEdge, store_workers: Engine
) -> None:
    for hours in (3, 2):
        send(edge, hours=hours)
    send(edge, GRACE, hours=1)
    withdraw(edge, "advertising")
    carry_out(edge, store_workers)
    audience, rest = {"audience_measurement"}, {"personalisation", "email_marketing"}
    mine, theirs = [rest, audience] * 2, [rest | {"advertising"}, audience]
    assert sorted(map(sorted, kept(edge))) == sorted(map(sorted, mine + theirs))
    assert reports(edge) == {("advertising", 0, 2, True)}


def test_an_event_without_any_purpose_left_goes_with_what_was_computed_of_it(
    edge: TestEdge, store_workers: Engine
) -> None:
    send(edge, hours=2)
    send(edge, GRACE, hours=2)
    refresh(store_workers, edge.ingest.bound.computation, full=True)
    before = edge.count("feature_snapshot"), edge.count("state")
    withdraw(edge, *MARKETING)
    carry_out(edge, store_workers)
    assert {"audience_measurement"} in kept(edge)
    assert len(kept(edge)) == 3
    assert (edge.count("feature_snapshot"), edge.count("state")) == (before[0] - 1, before[1] - 1)
    assert reports(edge) == {(purpose, 1, 0, True) for purpose in MARKETING}
    withdraw(edge, "audience_measurement")
    carry_out(edge, store_workers)
    assert len(kept(edge)) == 2


def test_the_state_of_who_keeps_some_events_is_that_of_those_alone(
    edge: TestEdge, store_workers: Engine
) -> None:
    only = {"consent": {"categoryPreferences": {"advertising": True}}}
    send(edge, hours=5, context=only)
    send(edge, hours=2)
    withdraw(edge, "advertising")
    carry_out(edge, store_workers)
    ctx = edge.ingest.bound.computation
    with transaction(store_workers) as connection:
        rows = connection.execute(text("select subject from store.state order by 1")).scalars()
        subjects = list(rows)
        held = folding.read(connection, ctx, subjects)
        assert held == folding.of_stored(connection, ctx, subjects)
    assert {state.events for state in held.values()} == {1}
    assert reports(edge) == {("advertising", 1, 1, True)}


def test_what_was_stored_since_a_new_yes_stays(edge: TestEdge, store_workers: Engine) -> None:
    send(edge, hours=5)
    withdraw(edge, *EVERYTHING, hours=4)
    give(edge, *EVERYTHING, hours=3)
    send(edge, hours=1)
    carry_out(edge, store_workers)
    assert sorted(map(sorted, kept(edge))) == [sorted(MARKETING), ["audience_measurement"]]
    ((oldest,),) = edge.rows("select min(at) from store.event")
    assert oldest.timestamp() * 1e6 > edge.now_us - 2 * HOUR_US


def test_a_lapse_takes_nothing_away(edge: TestEdge, store_workers: Engine) -> None:
    send(edge, hours=2)
    edge.now_us += 400 * 24 * HOUR_US
    carry_out(edge, store_workers)
    assert len(kept(edge)) == 2
    assert not reports(edge)


def test_who_never_said_yes_and_who_says_no_again_ask_for_nothing_more(edge: TestEdge) -> None:
    withdraw(edge, "advertising")
    send(edge, hours=1)
    for _ in range(3):
        withdraw(edge, "advertising")
    assert edge.count("withdrawal") == 1
    assert edge.rows("select topic from store.outbox where topic = 'erase-withdrawn'") == [
        ("erase-withdrawn",)
    ]


def test_somebody_restricted_keeps_everything_until_that_ends(
    edge: TestEdge, store_workers: Engine
) -> None:
    send(edge, hours=2)
    subjects = [row[0] for row in edge.rows("select id from store.subject")]
    with transaction(edge.store) as connection:
        registry.set_state(connection, subjects, registry.RESTRICTED)
    withdraw(edge, *EVERYTHING)
    carry_out(edge, store_workers)
    assert len(kept(edge)) == 2
    with transaction(edge.store) as connection:
        registry.set_state(connection, subjects, registry.ALIVE)
    carry_out(edge, store_workers)
    assert kept(edge) == []


def test_an_objection_is_carried_out_like_a_withdrawal(
    store_gateway: Engine, vault_engine: Engine, store_workers: Engine, tmp_path: Path
) -> None:
    rules = shop_rules()
    interest = replace(
        rules.purposes["audience_measurement"],
        legal_basis=LegalBasis.LEGITIMATE_INTEREST,
        lia="LIA-1",
    )
    rules = replace(rules, purposes={**rules.purposes, "audience_measurement": interest})
    edge = make_edge(store_gateway, vault_engine, tmp_path, rules)
    send(edge, hours=2, context={"consent": {"categoryPreferences": {"analytics": True}}})
    assert kept(edge) == [{"audience_measurement"}]
    refuse(edge, "audience_measurement")
    carry_out(edge, store_workers)
    assert kept(edge) == []


def test_much_is_carried_out_in_portions_and_each_is_in_the_audit_log(
    edge: TestEdge,
    store_workers: Engine,
    store_auditor: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.jobs.withdraw.LIMIT", 3)
    for hours in range(1, 9):
        send(edge, hours=hours)
    withdraw(edge, *EVERYTHING)
    carry_out(edge, store_workers)
    assert kept(edge) == []
    assert reports(edge) == {(purpose, 8, 0, True) for purpose in EVERYTHING}
    with transaction(store_auditor) as connection:
        headers = connection.execute(text("select header from audit.entry order by seq")).scalars()
        entries = [json.loads(each) for each in headers]
    found = [each for each in entries if each["action"] == "event:withdrawn"]
    assert len(found) > 4
    assert {each["subject_ref"] for each in found} == {""}


def test_a_worker_can_take_a_purpose_from_an_event_and_add_none(
    edge: TestEdge, store_workers: Engine
) -> None:
    send(edge, hours=1)
    for change in ("purposes | 1024", "0"):
        with (
            pytest.raises(DBAPIError, match="may lose purposes"),
            store_workers.begin() as connection,
        ):
            connection.exec_driver_sql(f"update store.event set purposes = {change}")


def test_allowed_is_since_the_last_yes_or_never() -> None:
    assert allowed_since_us([1, 10, 20, 2, 5, 5], 1) == 10
    assert allowed_since_us([1, 10, 20, 2, 5, 5], 2) == FOREVER_US
    assert allowed_since_us([1, 10, 20, 2, 5, 5], 3) == FOREVER_US
