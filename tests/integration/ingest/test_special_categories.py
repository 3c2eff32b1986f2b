"""What tells of health or belief is not kept at the gateway: a counter is all that is left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from policies.decisions import Reason
from tests.support.builders import ADA, ALL_CATEGORIES, page, track
from tests.support.edge import TestEdge

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def outcomes(edge: TestEdge) -> dict[str, int]:
    found: dict[str, int] = {}
    for outcome, count in edge.rows("select outcome, count from store.decision_count"):
        found[outcome] = found.get(outcome, 0) + count
    return found


def words(edge: TestEdge) -> str:
    return " ".join(
        str(value)
        for table in edge.rows(
            "select table_name from information_schema.columns where table_schema = 'store'"
            " and column_name = 'text' and table_name <> 'event'"
        )
        for row in edge.rows(f"select text from store.{table[0]}")  # a table's name
        for value in row
    )


TELLING: list[dict[str, Any]] = [
    page("/rayons/tests-de-grossesse", ADA, at=NOW),
    track("Product Viewed", ADA, at=NOW, properties={"product_id": "p1", "category": "Halal"}),
    track("Products Searched", ADA, at=NOW, properties={"query": "cotisation syndicale"}),
]


@pytest.mark.parametrize("call", TELLING, ids=["page", "category", "search"])
def test_an_event_that_tells_is_counted_and_nothing_of_it_is_kept(
    edge: TestEdge, call: dict[str, Any]
) -> None:
    edge.now_us = int(NOW.timestamp() * 1_000_000)
    edge.send(call)
    assert outcomes(edge) == {Reason.SPECIAL_CATEGORY: 1}
    assert edge.rows("select count(*) from store.event") == [(0,)]


def test_what_is_not_kept_is_not_judged(edge: TestEdge) -> None:
    """Of a page the path is kept, of a referrer the host: nothing else of them tells anything."""
    edge.now_us = int(NOW.timestamp() * 1_000_000)
    edge.send(page("/lamps?utm_x=grossesse#halal", ADA, at=NOW))
    assert outcomes(edge) == {"stored": 1}


def test_its_neighbours_are_kept_and_it_is_refused_each_time(edge: TestEdge) -> None:
    edge.now_us = int(NOW.timestamp() * 1_000_000)
    plain = track("Product Viewed", ADA, at=NOW, properties={"product_id": "difference-engine"})
    for _ in range(2):  # a value met before is judged as it was then
        edge.send(plain | {"messageId": None}, *TELLING[1:2])
    assert outcomes(edge)[Reason.SPECIAL_CATEGORY] == 2
    assert edge.rows("select count(distinct batch) from store.event") == [(2,)]


def test_what_it_says_of_consent_is_heard_all_the_same(edge: TestEdge) -> None:
    edge.now_us = int(NOW.timestamp() * 1_000_000)
    edge.send(track("Product Viewed", ADA, at=NOW))
    before = edge.rows("select count(*) from store.event")
    no = {"categoryPreferences": dict.fromkeys(ALL_CATEGORIES, False)}
    edge.send(TELLING[0] | {"context": {"consent": no}})
    edge.send(track("Product Viewed", ADA, at=NOW) | {"context": {}})
    assert edge.rows("select count(*) from store.event") == before
    assert outcomes(edge)[Reason.CONSENT_WITHDRAWN] == 1
