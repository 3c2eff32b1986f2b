"""Another rulebook comes into force on two gateways under load: no request fails, none is late."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from tests.support.builders import ADA, track
from tests.support.installation import Installed, installed
from tests.support.outages import Patient, Sender, Visits
from tests.support.rulebooks import edited

pytestmark = pytest.mark.journey

OUTCOMES = """
select outcome, sum(count)::int8 from store.decision_count
where event in ('(unknown)', 'Products Compared') group by 1"""
LOOSER = ("events.yaml", "aliases: [compare]", "aliases: [compare, gaze]")


@pytest.fixture(scope="module")
def home() -> Iterator[Installed]:
    with installed("--gateways", "2") as running:
        yield running


def gazed() -> dict[str, Any]:
    """Give what only the new rulebook knows."""
    return track("gaze", ADA, at=datetime.now(UTC))


def between(gazes: Visits, begin_s: float, end_s: float) -> list[float]:
    """Give how long those took that were under way between two instants, in ms."""
    return [
        1000 * (answered - sent)
        for sent, answered in gazes.sent
        if answered > begin_s and sent < end_s
    ]


def said(home: Installed, *words: str, token: str) -> dict[str, Any]:
    done = home.command(*words, "--json", settings={"PARAVENT_OPERATOR_TOKEN": token})
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_change_is_in_force_on_both_gateways_for_all_that_comes_after_its_answer(
    home: Installed, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    patient = Patient(home)
    edited(tmp_path, LOOSER)
    made = home.command("operators", "add", "second", "--role", "dpo", "--json")
    second = json.loads(made.stdout)["operator_token"]
    others = Sender(home, batch=20, pause_s=0.02)
    gazes = Visits(home, gazed)
    gazes.go_on()
    proposed = said(home, "policy", "propose", str(tmp_path), token=home.operator_token)
    assert (proposed["state"], proposed["loosens"]) == ("proposed", True)
    alone = home.command(
        "policy", "approve", str(proposed["change"]),
        settings={"PARAVENT_OPERATOR_TOKEN": home.operator_token},
    )  # fmt: skip
    assert (alone.returncode, "a second person was needed" in alone.stderr) == (1, True)
    path = f"/v1/rulebooks/{proposed['change']}/approval"
    began_s = time.monotonic()
    answer = home.request("POST", path, headers={"authorization": f"Bearer {second}"})
    answered_s = time.monotonic()
    assert (answer.status_code, answer.json()["state"]) == (200, "adopted")
    gazes.go_on()
    gazes.stop()
    others.stop()
    assert not others.refused
    before = sum(answered < began_s for _, answered in gazes.sent)
    after = sum(sent > answered_s for sent, _ in gazes.sent)
    assert before > 0
    assert after > 0
    outcomes = dict(patient.rows(OUTCOMES))
    assert outcomes["event-unknown"] >= before
    assert outcomes["stored"] >= after
    assert sum(outcomes.values()) == len(gazes.sent)
    during = between(gazes, began_s, answered_s + 1.0)
    quiet = [1000 * (answered - sent) for sent, answered in gazes.sent]
    said_ = (
        f"approved in {1000 * (answered_s - began_s):.0f} ms under load;"
        f" slowest request meanwhile {max(during):.0f} ms, in all p50 and p99"
        f" {' and '.join(f'{quantiles(quiet, n=100)[at]:.0f}' for at in (49, 98))} ms"
    )
    record_property("rulebook", said_)


def test_a_change_can_be_refused_and_what_is_faulty_is_never_proposed(
    home: Installed, tmp_path: Path
) -> None:
    edited(tmp_path / "other", LOOSER, ("features.yaml", "window: 90 days", "window: 120 days"))
    faulty = home.command("policy", "propose", str(tmp_path / "other"))
    assert (faulty.returncode, "policy check" in faulty.stderr) == (1, True)
    edited(tmp_path / "more", ("events.yaml", "aliases: [compare]", "aliases: [compare, stare]"))
    unknown = home.command("policy", "propose", str(tmp_path / "more"))
    assert (unknown.returncode, "operator token" in unknown.stderr) == (1, True)
    token = home.operator_token
    proposed = said(home, "policy", "propose", str(tmp_path / "more"), token=token)
    refused = said(home, "policy", "refuse", str(proposed["change"]), token=token)
    assert refused["state"] == "refused"
    listed = json.loads(home.command("policy", "changes", "--json").stdout)
    newest, before, *_ = listed["changes"]
    assert (newest["state"], before["state"]) == ("refused", "adopted")
    assert listed["in_force"] == before["rulebook"]
    assert json.loads(home.command("status", "--json").stdout)["rulebook"] == listed["in_force"]
    shown = home.command("policy", "changes").stdout
    assert "is in force since" in shown
