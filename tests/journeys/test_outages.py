"""Nothing acknowledged is lost: every process of an installation is killed or frozen under load.

The senders do what the client libraries do: they send the same event again until it is answered
with 200.  Whatever happened, each is then stored exactly once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.installation import installed
from tests.support.outages import PEOPLE, Patient, eventually, order

pytestmark = pytest.mark.journey

A_FEW_SECONDS = 12.0  # ours is 8, the client libraries give up after 15
LARGE = 60  # events of a batch that takes the bulk lane
SOME = 10


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with installed() as home:
        yield Patient(home)


def assert_away(answer: httpx.Response, path: str) -> None:
    """The answer that makes every client library keep its events and come again."""
    assert answer.status_code == 503, path
    assert int(answer.headers["retry-after"]) > 0
    if path != "/readyz":
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert said["code"] in {"store-unavailable", "vault-unavailable"}
        assert said["message"]


def questions(patient: Patient) -> dict[str, Callable[[], httpx.Response]]:
    """Give one request for each way into the databases; no answer to them is remembered."""
    stranger = {"userId": f"stranger-{time.monotonic_ns()}"}
    post = patient.home.post
    return {
        "/v1/track": lambda: post("/v1/track", json=order() | stranger),
        "/v1/batch": lambda: post("/v1/batch", json={"batch": [order() for _ in range(LARGE)]}),
        "/v1/consents": lambda: post("/v1/consents", json=withdrawal()),
        "/readyz": lambda: patient.home.request("GET", "/readyz"),
    }


def withdrawal() -> dict[str, Any]:
    return {
        "identifier": {"kind": "user_id", "value": PEOPLE[0].user_id},
        "purposes": {"advertising": "withdrawn"},
        "at": datetime.now(UTC).isoformat(),
    }


def answered(send: Callable[[], httpx.Response]) -> tuple[float, httpx.Response | None]:
    """Give how long it took, and the answer; ``None`` if there was none for as long as we wait."""
    began = time.monotonic()
    try:
        answer = send()
    except httpx.TimeoutException:
        answer = None
    return time.monotonic() - began, answer


def assert_nothing_hangs(patient: Patient) -> None:
    with ThreadPoolExecutor() as threads:
        asked = {path: threads.submit(answered, send) for path, send in questions(patient).items()}
    found = {path: each.result() for path, each in asked.items()}
    took = {path: round(took_s, 1) for path, (took_s, _) in found.items()}
    assert max(took.values()) < A_FEW_SECONDS, took
    for path, (_, answer) in found.items():
        assert answer is not None
        assert_away(answer, path)


def test_while_postgresql_is_killed_clients_are_told_to_come_again(patient: Patient) -> None:
    gateway = patient.pid("gateway")
    with patient.sending(1, LARGE) as senders:
        for sender in senders:
            sender.send_more(SOME)
        with patient.unattended():
            before = patient.kill("postgres")
            assert_nothing_hangs(patient)
        patient.back("postgres", before)
        for sender in senders:
            sender.send_more(SOME)
    assert patient.pid("gateway") == gateway, "the gateway needed no restart"
    assert all(sender.refused[503] for sender in senders)
    assert max(sender.longest_s for sender in senders) < A_FEW_SECONDS


def test_while_postgresql_is_frozen_nothing_waits_for_ever(patient: Patient) -> None:
    gateway = patient.pid("gateway")
    with patient.sending(1, LARGE) as senders:
        for sender in senders:
            sender.send_more(SOME)
        with patient.frozen("postgres"):
            assert_nothing_hangs(patient)
        for sender in senders:
            sender.send_more(SOME)
    assert patient.pid("gateway") == gateway
    assert max(sender.longest_s for sender in senders) < A_FEW_SECONDS


def test_without_a_broker_ingest_goes_on_and_features_catch_up(patient: Patient) -> None:
    with patient.sending(LARGE) as (sender,), patient.unattended():
        before = patient.kill("valkey-server")
        sender.send_more(3 * LARGE)
        assert not sender.refused
        assert patient.rows("select count(*) from store.outbox") != [(0,)]
    patient.back("valkey-server", before)
    patient.assert_features_equal_a_recomputation()


def test_the_next_worker_finishes_the_task_of_a_killed_one(patient: Patient) -> None:
    with psycopg.connect(patient.dsn()) as held:
        with patient.frozen("worker"):
            with patient.sending(LARGE) as (sender,):
                sender.send_more(SOME)
            held.execute("select 1 from store.subject for update")
        blocked = (
            "select 1 from pg_stat_activity"
            " where application_name = 'paravent-worker' and wait_event_type = 'Lock'"
        )
        eventually(lambda: bool(patient.rows(blocked)), "a drain in the middle of its slice")
        before = patient.kill("worker")
    patient.back("worker", before)
    patient.assert_features_equal_a_recomputation()


def test_a_gateway_killed_under_load_loses_and_repeats_nothing(patient: Patient) -> None:
    with patient.sending(1, 1, LARGE) as senders:
        for sender in senders:
            sender.send_more(SOME)
        before = patient.kill("gateway")
        patient.back("gateway", before)
        for sender in senders:
            sender.send_more(SOME)
    # One that was told to come again a moment before may have slept through it.
    assert any(sender.refused[0] for sender in senders)
    patient.assert_features_equal_a_recomputation()


def test_a_killed_relay_delays_features_and_loses_none(patient: Patient) -> None:
    with patient.sending(LARGE) as (sender,):
        sender.send_more(SOME)
        before = patient.kill("relay")
        sender.send_more(2 * LARGE)
    patient.back("relay", before)
    patient.assert_features_equal_a_recomputation()
