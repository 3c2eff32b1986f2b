"""What a collector of spans gets to know: where time went, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.embedded.processes import wait_until
from tests.support.builders import ADA, ALL_CATEGORIES, consent
from tests.support.installation import Installed, installed
from tests.support.otlp import Collector, collector
from workers.tracing import ALLOWED

pytestmark = pytest.mark.journey

CANARY = "canaryhypatia"
TRACE = "c0ffee" * 5 + "42"  # a trace id of the sender's choosing
STAGES = {"wait", "prepare", "vault", "minimise", "store", "commit", "link"}


@pytest.fixture(scope="module")
def heard() -> Iterator[tuple[Collector, Installed]]:
    """A collector that has heard all of an installation's life, and what was planted in it."""
    with collector() as spans:
        with installed(settings={"PARAVENT_OTLP_ENDPOINT": spans.endpoint}) as home:
            knock(home)
            assert wait_until(lambda: {"task", "commit-group"} <= spans.names(), 60, pause=0.1)
        yield spans, home


def knock(home: Installed) -> None:
    """Leave the canary wherever a request has room for it."""
    headers = {
        "traceparent": f"00-{TRACE}-{'c0ffee42' * 2}-01",
        "tracestate": f"{CANARY}=1",
        "baggage": f"who={CANARY}",
        "user-agent": CANARY,
    }
    calls = [event(number) for number in range(60)]  # so many take the bulk lane
    for path, body in (("track", calls[0]), ("batch", {"batch": calls}), ("batch", {"batch": 1})):
        home.post(f"/v1/{path}?who={CANARY}", json=body, headers=headers)
    home.post(f"/{CANARY}", json={CANARY: CANARY}, headers=headers)
    asked = {"identifier": {"kind": "user_id", "value": f"cust-{CANARY}"}}
    home.post("/v1/subjects/segments", json=asked, headers=headers)
    home.post("/v1/consents", json={**asked, CANARY: 1}, headers=headers)


def event(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Added" if number else f"Said {CANARY}",
        "userId": f"cust-{CANARY}",
        "anonymousId": f"anon-{CANARY}-{number}",
        "messageId": f"{CANARY}-{number}",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"product_id": f"{CANARY}-{number}", CANARY: CANARY},
        "context": {
            "ip": "192.0.2.42",
            "page": {"url": f"https://shop.example.org/{CANARY}"},
            "consent": consent(*ALL_CATEGORIES),
        },
        "traits": {"email": ADA.email},
    }


def test_every_part_of_the_way_has_a_span(heard: tuple[Collector, Installed]) -> None:
    spans, _ = heard
    assert spans.paths == {"/v1/traces"}
    assert spans.names() == {"request", "commit-group", "task"} | STAGES


def test_a_canary_left_in_every_field_is_in_no_span(heard: tuple[Collector, Installed]) -> None:
    spans, home = heard
    said = b"".join(spans.bodies)
    planted = [CANARY, ADA.email, "192.0.2.42", home.write_key, home.operator_token]
    assert [each for each in planted if each.encode() in said] == []
    assert bytes.fromhex(TRACE) not in said


def test_a_span_says_what_is_listed_and_no_more(heard: tuple[Collector, Installed]) -> None:
    spans, _ = heard
    attributes = {each.key for span in spans.spans() for each in span.attributes}
    assert attributes <= ALLOWED
    assert [span.name for span in spans.spans() if span.events or span.trace_state] == []
    described = {
        (each.key, each.value.string_value)
        for request in spans.requests()
        for resource in request.resource_spans
        for each in resource.resource.attributes
    }
    assert {key for key, _ in described} == {"service.name", "service.version"}
    services = {value for key, value in described if key == "service.name"}
    assert services == {"paravent-gateway", "paravent-worker"}


def test_a_commit_group_names_the_requests_it_worked_for(
    heard: tuple[Collector, Installed],
) -> None:
    spans, _ = heard
    requests = {span.span_id for span in spans.spans() if span.name == "request"}
    groups = [span for span in spans.spans() if span.name == "commit-group"]
    assert {link.span_id for group in groups for link in group.links} <= requests
    assert all(group.links for group in groups)
    by_id = {group.span_id: group for group in groups}
    stages = [span for span in spans.spans() if span.name in STAGES]
    assert {span.parent_span_id for span in stages} == set(by_id)
