"""What a balancer and Prometheus are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.exposition import READINGS
from gateway.health import Readiness
from gateway.ingest.commit_group import CommitGroups
from gateway.rights.operators import Role
from tests.support.builders import ADA, ALL_CATEGORIES, consent
from tests.support.front import Front


@contextmanager
def draining(front: Front) -> Iterator[None]:
    front.client.app.draining = True
    try:
        yield
    finally:
        front.client.app.draining = False


def test_a_gateway_that_is_about_to_stop_sends_the_balancer_elsewhere(front: Front) -> None:
    with draining(front):
        answer = front.client.get("/readyz")
        assert (answer.status_code, answer.json()["gateway"]) == (503, "draining")
        assert int(answer.headers["retry-after"]) > 0
        assert front.client.get("/healthz").status_code == 200
    assert front.client.get("/readyz").status_code == 200


def test_a_queue_without_room_for_a_batch_counts_as_full() -> None:
    for size, full in ((400_000, True), (600_000, False)):
        shared = CommitGroups(lambda _: None, writers=1, queue_bytes=size)
        assert shared.full is full
        shared.close()


@pytest.mark.parametrize(
    "fault", [{"queue": "full"}, {"gateway": "draining"}, {"store": "away"}, {"keys": "away"}]
)
def test_whatever_keeps_a_gateway_from_serving_sends_the_balancer_elsewhere(
    fault: dict[str, str],
) -> None:
    well = {"store": "ready", "vault": "ready", "keys": "ready"}
    assert Readiness.model_validate(well).serves
    assert not Readiness.model_validate(well | fault).serves


def test_the_counters_say_how_far_the_lanes_are_behind(front: Front) -> None:
    calls = [
        {"type": "track", "event": "Product Added", "userId": ADA.user_id,
         "messageId": f"behind-{number}", "context": {"consent": consent(*ALL_CATEGORIES)}}
        for number in range(60)
    ]  # fmt: skip
    auth = (front.keys["all"], "")
    assert front.client.post("/v1/batch", json={"batch": calls}, auth=auth).status_code == 200
    said = front.client.get("/metrics", headers=front.tokens[Role.AUDITOR]).text
    lines = [line for line in said.splitlines() if not line.startswith("#")]
    values = {name: float(n) for name, _, n in (line.rpartition(" ") for line in lines)}
    assert values["paravent_dirty_rows"] >= 1  # nobody folds here
    assert values["paravent_dirty_oldest_seconds"] >= 0
    assert values["paravent_outbox_rows"] >= 1
    assert values['paravent_part_up{part="vault"}'] == 1
    unsaid = {name for name in READINGS if not any(key.startswith(name) for key in values)}
    # Where nothing was ever refreshed, or gone over.
    assert unsaid <= {"paravent_refresh_age_seconds", "paravent_retention_age_seconds"}
