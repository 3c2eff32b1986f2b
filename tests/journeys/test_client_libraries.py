"""The unmodified client libraries against a running gateway: nothing lost, nothing twice.

The libraries are watched through a hook on their own HTTP session; they are not told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import rudderstack.analytics.request as rudder_request
import segment.analytics.request as segment_request
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from tests.support.builders import ALL_CATEGORIES, consent
from tests.support.installation import installed
from tests.support.outages import PEOPLE, Patient, eventually

pytestmark = pytest.mark.journey

EVENTS = 1_000
BATCH = 100  # events of a request, by both libraries' default
LIBRARIES: dict[str, tuple[Callable[..., Any], requests.Session]] = {
    "segment": (SegmentClient, segment_request._session),
    "rudder": (RudderClient, rudder_request._session),
}


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with installed() as home:
        yield Patient(home)


@dataclass
class Library:
    """One library's client as an application makes it, and what came of its requests."""

    client: Any
    statuses: list[int] = field(default_factory=list)
    packed: set[str] = field(default_factory=set)
    failures: list[Exception] = field(default_factory=list)

    def order(self, number: int, person: str = "", *, denied: bool = False) -> None:
        """Send an order that is found again by its amount, *number* cents."""
        granted, refused = ((), ALL_CATEGORIES) if denied else (ALL_CATEGORIES, ())
        self.client.track(
            person or PEOPLE[number % len(PEOPLE)].user_id,
            "Order Completed",
            properties={"order_id": f"o-{number}", "total": number / 100, "currency": "EUR"},
            context={"consent": consent(*granted, refused=refused)},
            timestamp=datetime.now(UTC),
        )

    def answered(self, response: requests.Response, **_: Any) -> None:
        self.statuses.append(response.status_code)
        self.packed.add(str(response.request.headers.get("Content-Encoding", "plain")))


@contextmanager
def library(name: str, patient: Patient, key: str | None = None) -> Iterator[Library]:
    made, session = LIBRARIES[name]
    found: list[Exception] = []
    client = made(
        key or patient.home.write_key,
        host=patient.home.url,
        on_error=lambda error, _batch: found.append(error),
        **({"gzip": True} if name == "segment" else {}),  # the other packs without being told
    )
    watched = Library(client, failures=found)
    session.hooks["response"].append(watched.answered)
    try:
        yield watched
    finally:
        client.join()
        session.hooks["response"].remove(watched.answered)
        session.close()


def once(numbers: Iterable[int]) -> dict[tuple[int, str], int]:
    return {(number, domain): 1 for number in numbers for domain in ("marketing", "measurement")}


def test_a_thousand_events_of_each_library_are_stored_once_through_an_outage(
    patient: Patient,
) -> None:
    numbers = {"segment": range(1, EVENTS + 1), "rudder": range(EVENTS + 1, 2 * EVENTS + 1)}
    with ExitStack() as stack:
        clients = {name: stack.enter_context(library(name, patient)) for name in LIBRARIES}
        for name, client in clients.items():
            for number in numbers[name][: EVENTS // 2]:
                client.order(number)
        eventually(lambda: all(200 in c.statuses for c in clients.values()), "a first answer")
        with patient.unattended():
            before = patient.kill("postgres")
            for name, client in clients.items():
                for number in numbers[name][EVENTS // 2 :]:
                    client.order(number)
            eventually(lambda: all(503 in c.statuses for c in clients.values()), "a refusal")
        patient.back("postgres", before)
        for client in clients.values():
            client.client.flush()
    eventually(lambda: patient.home.request("GET", "/readyz").status_code == 200, "readiness")
    for name, client in clients.items():
        assert client.failures == [], name
        assert set(client.statuses) == {200, 503}
        assert client.packed == {"gzip"}
        assert patient.stored(numbers[name]) == once(numbers[name])


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_denied_batch_is_answered_once_and_nothing_of_it_is_stored(
    patient: Patient, name: str
) -> None:
    numbers = range(5_000, 5_000 + 2 * BATCH)
    before = patient.rows("select count(*) from store.event")
    with library(name, patient) as client:
        for number in numbers:
            client.order(number, f"cust-denied-{name}", denied=True)
        client.client.flush()
    assert client.failures == []
    assert set(client.statuses) == {200}
    assert patient.stored(numbers) == {}
    assert patient.rows("select count(*) from store.event") == before


def refused(patient: Patient, name: str, key: str | None, ballast: int) -> Library:
    """Send one batch that will not be taken."""
    with library(name, patient, key) as client:
        for _ in range(BATCH):
            client.client.track("cust-nobody", "Order Completed", {"note": "x" * ballast})
        client.client.flush()
    return client


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_refusal_for_good_is_understood_and_not_tried_again(
    patient: Patient, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = refused(patient, name, "pk_abc_nobodys", ballast=0)
    assert Counter(unknown.statuses) == {401: len(unknown.failures)}
    assert {error.code for error in unknown.failures} == {"credential-invalid"}  # type: ignore[attr-defined]
    assert "cust-nobody" not in caplog.text


def test_a_batch_too_large_for_the_dialect_is_refused_once(patient: Patient) -> None:
    # Segment's own library cuts its batches; RudderStack's allows itself four megabytes.
    large = refused(patient, "rudder", None, ballast=10_000)
    assert Counter(large.statuses) == {400: len(large.failures)}
    assert {error.code for error in large.failures} == {"body-too-large"}  # type: ignore[attr-defined]


def test_a_library_that_repeats_itself_is_counted_once(patient: Patient) -> None:
    with library("rudder", patient) as client:
        for _ in range(2):
            client.client.track(
                "cust-who-repeats",
                "Order Completed",
                {"total": 90.0, "currency": "EUR"},
                {"consent": consent(*ALL_CATEGORIES)},
                message_id="said-twice",
            )
            client.client.flush()
    assert client.statuses == [200, 200]
    assert patient.stored([9_000]) == once([9_000])
