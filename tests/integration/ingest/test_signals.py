"""Signals beside the categories, through PostgreSQL: what they store, and what they take back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from policies.load import load_rulebook
from tests.support.builders import ADA, consent
from tests.support.edge import TestEdge, make_edge
from tests.support.truth import NOW_US, PURPOSE, WAYS, rulebook

GOOGLE = {"googleConsentMode": {"analytics_storage": "granted"}}


def viewed(edge: TestEdge, said: dict[str, Any], *, minutes: float = 0) -> dict[str, Any]:
    at = datetime.fromtimestamp(edge.now_us / 1e6, UTC) - timedelta(minutes=minutes)
    return {
        "type": "track", "userId": ADA.user_id, "event": "Product Viewed",
        "timestamp": at.isoformat(), "properties": {"product_id": "lampe-arc"}, "context": said,
    }  # fmt: skip


def purposes(edge: TestEdge) -> list[set[str]]:
    """Give the purposes of each row, in the order in which they happened."""
    rules = load_rulebook()
    bits = {row[0]: 1 << row[1] - 1 for row in edge.rows("select key, id from store.purpose")}
    found: dict[int, int] = {}  # each event came in a batch of its own
    for batch, mask in edge.rows("select batch, purposes from store.event order by at"):
        found[batch] = found.get(batch, 0) | mask
    return [{key for key in rules.purposes if bits[key] & mask} for mask in found.values()]


def status(edge: TestEdge, purpose: str) -> list[str]:
    found = edge.rows(
        "select c.status from store.consent_record c join store.purpose p on p.id = c.purpose"
        " where p.key = :purpose order by c.id",
        purpose=purpose,
    )
    return [row[0] for row in found]


def test_google_grants_what_it_speaks_for_and_leaves_the_rest_to_the_record(edge: TestEdge) -> None:
    edge.send(viewed(edge, {"consent": consent("marketing", "personalisation")}, minutes=9))
    edge.send(viewed(edge, {"consent": GOOGLE}, minutes=5))
    assert purposes(edge)[1] == {"audience_measurement", "email_marketing"}
    assert status(edge, "audience_measurement") == ["given"]


def test_privacy_control_closes_what_was_open_and_nothing_else(edge: TestEdge) -> None:
    edge.send(viewed(edge, {"consent": consent("advertising", "marketing")}, minutes=9))
    edge.send(viewed(edge, {"consent": {"gpc": True}}, minutes=5))
    edge.send(viewed(edge, {}, minutes=1))
    before, during, after = purposes(edge)
    assert PURPOSE in before
    assert during == after == before - {PURPOSE}
    assert status(edge, PURPOSE) == ["given", "withdrawn"]
    assert status(edge, "email_marketing") == ["given"]


def test_of_somebody_unknown_privacy_control_keeps_nothing(edge: TestEdge) -> None:
    assert edge.send(viewed(edge, {"consent": {"gpc": True}})) == {"consent-missing": 1}
    assert edge.count("subject") == edge.count("consent_record") == 0


@pytest.mark.parametrize(("signal", "how", "said", "of"), [way for way in WAYS if way[0] == "TCF"])
def test_a_tc_string_is_one_signal_among_others(
    store_gateway: Engine, vault_engine: Engine, tmp_path: Path,
    signal: str, how: str, said: dict[str, Any], of: str,
) -> None:  # fmt: skip
    edge = make_edge(store_gateway, vault_engine, tmp_path, rulebook())
    edge.now_us = NOW_US
    outcomes = edge.send(viewed(edge, said))
    assert edge.count("event") == (1 if of == "yes" else 0), f"{signal}: {how}"
    assert status(edge, PURPOSE) == (["given"] if of == "yes" else [])
    assert not outcomes.keys() - {"stored", "consent-refused", "consent-missing"}
