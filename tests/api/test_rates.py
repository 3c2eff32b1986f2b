"""A source that sends too fast is told when to come back, as the client libraries read it."""

from __future__ import annotations

from typing import Any

from gateway.ingest.rates import BURST_S, Rates
from tests.support.front import Front


def call(number: int) -> dict[str, Any]:
    return {"userId": "ada", "event": "Product Viewed", "messageId": f"rate-{number}"}


def test_beyond_its_rate_a_source_is_answered_429_and_others_are_not(front: Front) -> None:
    rates = front.client.app.rates
    front.client.app.rates = Rates(0.5, clock=lambda: 0.0)
    try:
        burst = int(0.5 * BURST_S)
        answers = [front.post("/v1/track", call(number)) for number in range(burst + 1)]
        other = front.post("/v1/track", call(99), auth=(front.keys["crm"], ""))
    finally:
        front.client.app.rates = rates
    assert [answer.status_code for answer in answers] == [200] * burst + [429]
    assert answers[-1].json()["code"] == "rate-exceeded"
    assert answers[-1].headers["retry-after"] == answers[-1].headers["x-ratelimit-reset"] == "1"
    assert other.status_code == 200
