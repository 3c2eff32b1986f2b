"""Where what is said about consent contradicts itself, or its clock is absurd, a no wins (R-94)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from gateway.consent.service import Choice
from gateway.ingest.dialects import segment
from gateway.ingest.wire import Request
from policies.vocabulary import ConsentStatus, LegalBasis
from tests.support.builders import ADA, ALL_CATEGORIES, call, consent
from tests.support.edge import TestEdge, make_edge, shop_rules

PREFERENCE = "Segment Consent Preference Updated"
PURPOSES = ("personalisation", "email_marketing", "advertising", "audience_measurement")


def viewed(edge: TestEdge, *, hours: float = 0, **members: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(edge.now_us / 1e6, UTC) - timedelta(hours=hours)
    properties = {"product_id": "lampe-arc", "category": "luminaires"}
    members = {"event": "Product Viewed", "sentAt": None, "properties": properties} | members
    return call("track", at=at, **members)


def silent(edge: TestEdge) -> dict[str, Any]:
    return viewed(edge) | {"context": {}}


def closed(edge: TestEdge) -> set[str]:
    """Give the purposes that somebody refused or withdrew."""
    found = edge.rows(
        "select p.key from store.consent_record c join store.purpose p on p.id = c.purpose"
        " where c.status in ('refused', 'withdrawn')"
    )
    return {row[0] for row in found}


def test_a_no_beside_something_malformed_is_heard(edge: TestEdge) -> None:
    edge.send(viewed(edge, hours=2))
    odd = {"categoryPreferences": {"advertising": False, "analytics": "perhaps"}}
    assert edge.send(viewed(edge, hours=1, context={"consent": odd})) == {"consent-refused": 1}
    assert closed(edge) == {"advertising"}


def test_of_a_batch_and_its_item_only_a_spoken_no_takes_back(edge: TestEdge) -> None:
    edge.send(viewed(edge, hours=2))
    item = viewed(edge, hours=1, context={"consent": consent("analytics", refused=("marketing",))})
    outer = {"consent": consent("advertising", "analytics")}
    body = msgspec.json.encode({"batch": [item], "context": outer})
    request = Request(1, segment.decode("batch", body, edge.now_us), edge.now_us)
    assert edge.ingest.store_group([request]).outcomes
    assert closed(edge) == {"email_marketing"}


@pytest.mark.parametrize("hours", [-48, 24 * 365 * 40])
def test_a_withdrawal_counts_whatever_the_clock_of_its_device_says(
    edge: TestEdge, hours: float
) -> None:
    edge.send(viewed(edge, hours=2))
    said = consent("analytics", refused=("personalisation", "marketing", "advertising"))
    edge.send(viewed(edge, hours=hours, event=PREFERENCE, context={"consent": said}))
    assert closed(edge) == {"personalisation", "email_marketing", "advertising"}


def test_a_yes_with_an_absurd_clock_reopens_nothing(edge: TestEdge) -> None:
    edge.send(viewed(edge, hours=3))
    edge.send(viewed(edge, hours=2, context={"consent": consent(refused=ALL_CATEGORIES)}))
    said = consent("analytics", refused=("advertising",))
    edge.send(viewed(edge, hours=-48, event=PREFERENCE, context={"consent": said}))
    assert edge.send(silent(edge)) == {"consent-withdrawn": 1}


def test_somebody_restricted_can_still_withdraw(edge: TestEdge) -> None:
    edge.send(viewed(edge, hours=2))
    with edge.store.begin() as connection:
        connection.exec_driver_sql("update store.subject set state = 1")
    no = {"consent": consent(refused=ALL_CATEGORIES)}
    edge.send(viewed(edge, hours=1, context=no))
    assert closed(edge) == set(PURPOSES)


def test_a_saved_preference_sent_again_does_not_undo_a_later_withdrawal(edge: TestEdge) -> None:
    """A client repeats the very same body, whose clock then reads as if it were said now."""
    at = datetime.fromtimestamp(edge.now_us / 1e6, UTC)
    saved = viewed(edge, event=PREFERENCE, sentAt=at.isoformat())
    edge.send(saved)
    edge.now_us += 3_600_000_000
    edge.consent.record(
        Choice(
            kind="user_id",
            value=ADA.user_id,
            purposes=dict.fromkeys(PURPOSES, ConsentStatus.WITHDRAWN),
            at_us=None,
        )
    )
    edge.now_us += 3_600_000_000
    edge.send(saved)
    assert edge.send(silent(edge)) == {"consent-withdrawn": 1}
    edge.send(saved | {"messageId": "another-act", "sentAt": None, "timestamp": None})
    edge.now_us += 1
    assert edge.send(silent(edge)) == {"stored": 1}


def test_a_no_to_a_purpose_of_legitimate_interest_is_an_objection(
    store_gateway: Engine, vault_engine: Engine, tmp_path: Path
) -> None:
    rules = shop_rules()
    interest = replace(
        rules.purposes["audience_measurement"],
        legal_basis=LegalBasis.LEGITIMATE_INTEREST,
        lia="LIA-7",
    )
    purposes = dict(rules.purposes) | {"audience_measurement": interest}
    edge = make_edge(store_gateway, vault_engine, tmp_path, replace(rules, purposes=purposes))
    assert edge.send(silent(edge)) == {"stored": 1}
    choice = Choice("user_id", ADA.user_id, {"audience_measurement": ConsentStatus.WITHDRAWN}, None)
    edge.consent.record(choice)
    assert edge.send(silent(edge)) == {"objected": 1}
    edge.now_us += 1
    edge.consent.record(replace(choice, purposes={"audience_measurement": ConsentStatus.GIVEN}))
    edge.now_us += 1
    assert edge.send(silent(edge)) == {"stored": 1}
