"""Where what is said about consent contradicts itself, or its clock is absurd, a no wins (R-94)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.ingest.dialects import segment
from gateway.ingest.wire import Request
from tests.support.builders import ALL_CATEGORIES, call, consent
from tests.support.edge import TestEdge

PREFERENCE = "Segment Consent Preference Updated"
MARKETING = ("personalisation", "email_marketing", "advertising", "audience_measurement")


def viewed(edge: TestEdge, *, hours: float = 0, **members: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(edge.now_us / 1e6, UTC) - timedelta(hours=hours)
    properties = {"product_id": "lampe-arc", "category": "luminaires"}
    return call(
        "track", **{"event": "Product Viewed", "at": at, "sentAt": None, "properties": properties}
        | members
    )  # fmt: skip


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
    assert closed(edge) == set(MARKETING)
