"""A consent is given, used and withdrawn on a running product with two gateways.

Both gateways are under load while the no is said: whatever they are sent after it was answered is
refused by both, and what was stored before goes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.support.builders import ADA, ALL_CATEGORIES, GRACE, Person, consent, track
from tests.support.installation import Installed, installed
from tests.support.outages import Patient, Sender, Visits, eventually

pytestmark = pytest.mark.journey

OUTCOMES = """
select outcome, sum(count)::int8 from store.decision_count
where event = 'Product Viewed' group by 1"""
MARGARET = Person("cust-margaret", "", "", "")
PURPOSES = ("personalisation", "email_marketing", "advertising", "audience_measurement")


@pytest.fixture(scope="module")
def home() -> Iterator[Installed]:
    with installed("--gateways", "2") as running:
        yield running


def viewed(person: Person = ADA, **members: Any) -> dict[str, Any]:
    """Give a visit that says nothing about consent, unless *members* do."""
    properties = {"product_id": "difference-engine", "category": "machines"}
    call = track("Product Viewed", person, at=datetime.now(UTC), properties=properties)
    return call | {"context": {}} | members


def choose(home: Installed, status: str, person: Person = ADA) -> None:
    """Say the same to every purpose, in one call each way."""
    body = {"identifier": asked(person), "purposes": dict.fromkeys(PURPOSES, status)}
    assert home.post("/v1/consents", json=body).status_code == httpx.codes.OK


def asked(person: Person) -> dict[str, str]:
    return {"kind": "user_id", "value": person.user_id}


def outcomes(patient: Patient) -> dict[str, int]:
    return dict(patient.rows(OUTCOMES))


def test_a_withdrawal_is_honoured_by_both_gateways_for_all_that_comes_after_its_answer(
    home: Installed, record_property: Callable[[str, object], None]
) -> None:
    patient = Patient(home)
    others = Sender(home, batch=20, pause_s=0.02)
    choose(home, "given")
    told = outcomes(patient)
    visits = Visits(home, viewed)
    visits.go_on()
    began_s = time.monotonic()
    choose(home, "withdrawn")
    answered_s = time.monotonic()
    memberships = home.post("/v1/subjects/segments", json={"identifier": asked(ADA)}).json()
    visits.go_on()
    visits.stop()
    others.stop()
    assert memberships == {"segments": []}
    stored, withdrawn = (
        outcomes(patient)[what] - told.get(what, 0) for what in ("stored", "consent-withdrawn")
    )
    before = sum(done_s <= began_s for _, done_s in visits.sent)
    possible = sum(sent_s < answered_s for sent_s, _ in visits.sent)
    assert 0 < before <= stored <= possible < len(visits.sent)
    assert withdrawn == len(visits.sent) - stored
    gone_s = _erased(patient) - answered_s
    answered_ms = 1_000 * (answered_s - began_s)
    said = f"answered in {answered_ms:.0f} ms under load; its events were gone {gone_s:.1f} s later"
    record_property("withdrawal", said)


def _erased(patient: Patient) -> float:
    """Wait for the worker; give when it was done, a second or two late for what came between."""
    left = (
        "select count(*) from store.event e join store.withdrawal w on w.subject = e.subject"
        " where e.at < w.asked_at and e.purposes >> (w.purpose - 1) & 1 = 1"
    )
    eventually(lambda: patient.rows(left) == [(0,)], "the erasure of what was withdrawn")
    done_s = time.monotonic()
    finished = "select count(*), count(finished_at), max(deleted) from store.withdrawal"
    ((opened, done, deleted),) = patient.rows(finished)
    assert opened == done
    assert deleted > 0
    return done_s


def test_what_was_withdrawn_is_given_again_by_an_act_of_the_person_alone(home: Installed) -> None:
    """A cookie's copy of the old yes does not bring it back; the person does, in one call."""
    patient = Patient(home)
    for status in ("given", "withdrawn"):
        choose(home, status, GRACE)
    stored = outcomes(patient).get("stored", 0)
    old = consent(*ALL_CATEGORIES)
    home.post("/v1/track", json=viewed(GRACE, context={"consent": old}))
    assert outcomes(patient).get("stored", 0) == stored
    choose(home, "given", GRACE)
    home.post("/v1/track", json=viewed(GRACE))
    assert outcomes(patient)["stored"] == stored + 1


def test_what_is_refused_is_counted_where_an_operator_looks(home: Installed) -> None:
    stranger = Person("cust-stranger", "", "", "")
    home.post("/v1/track", json=viewed(stranger))
    home.post("/v1/track", json=viewed(stranger, event="Never Declared"))
    found = json.loads(home.command("status", "--json").stdout)["refused"]
    counted = {(each["event"], each["reason"]) for each in found if each["events"] > 0}
    assert {("Product Viewed", "consent-missing"), ("(unknown)", "event-unknown")} <= counted
    assert "cust-stranger" not in json.dumps(found)
    assert "SOURCE" in home.command("status").stdout


def test_nothing_is_kept_beyond_its_period_and_the_command_says_so(home: Installed) -> None:
    choose(home, "given", MARGARET)
    home.post("/v1/track", json=viewed(MARGARET))
    done = home.command("retention", "run", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not found["overdue"]
    _aside, events, _said, batches = found["kept"]
    assert set(events["purposes"]) == set(PURPOSES) == set(batches["purposes"])
    assert events["period_days"] == 761
    assert events["oldest"] > events["limit"]
    assert events["last_run"]["finished_at"] is not None
    assert home.command("retention", "status").stdout.startswith("TABLE")
