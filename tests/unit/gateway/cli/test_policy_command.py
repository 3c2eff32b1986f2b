"""`paravent policy` says what a rulebook would do, and ends with 1 when it should not be used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.explaining import EventUnreadable
from gateway.cli.policy import WordUnknown, app
from policies.load import SHIPPED, load_rulebook
from tests.support.builders import ADA
from tests.support.rulebooks import copied

RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(tmp_path)


def test_the_shipped_rulebook_is_checked_without_findings() -> None:
    result = RUN.invoke(app, ["check"])
    assert result.exit_code == 0
    assert "8 segments" in result.stdout
    assert load_rulebook().hash in result.stdout


def test_a_contradicted_example_ends_with_one(folder: Path) -> None:
    file = folder / "features.yaml"
    text = file.read_text(encoding="utf-8").replace("window: 90 days", "window: 120 days")
    file.write_text(text, encoding="utf-8")
    result = RUN.invoke(app, ["check", "--policies", str(folder), "--json"])
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["file"] == "features.examples.yaml"


def test_an_example_of_nobody_has_no_features(folder: Path) -> None:
    text = (
        "examples:\n  - title: a\n    history: []\n    today: '2026-01-01T00:00:00Z'\n"
        "    features: {views: none}\n"
    )
    (folder / "features.examples.yaml").write_text(text, encoding="utf-8")
    assert RUN.invoke(app, ["check", "--policies", str(folder)]).exit_code == 0


def test_a_word_is_explained_or_a_near_one_is_named() -> None:
    result = RUN.invoke(app, ["explain", "big_spenders", "--json"])
    assert "300 euros" in " ".join(json.loads(result.stdout)["says"])
    wrong = RUN.invoke(app, ["explain", "big_spender"])
    assert isinstance(wrong.exception, WordUnknown)
    assert "big_spenders" in str(wrong.exception)
    assert "none is near" in str(RUN.invoke(app, ["explain", "#"]).exception)


def test_what_a_change_would_do_is_said(folder: Path) -> None:
    file = folder / "disclosure.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"count_floor: \d+", "count_floor: 11", text), encoding="utf-8")
    told = RUN.invoke(app, ["diff", str(SHIPPED), str(folder)]).stdout
    floor = load_rulebook().disclosure.count_floor
    assert f"LOOSENS disclosure.yaml: disclosure: count_floor: shared wider, {floor} -> 11" in told
    assert "1 changes, 1 of which loosen." in told
    document = json.loads(RUN.invoke(app, ["diff", str(folder), str(SHIPPED), "--json"]).stdout)
    assert (document["to"], document["loosens"]) == (load_rulebook().hash, False)
    assert [change["effect"] for change in document["changes"]] == ["shared less"]


def explained(tmp_path: Path, call: object) -> list[str]:
    file = tmp_path / "call.json"
    file.write_text(json.dumps(call), encoding="utf-8")
    result = RUN.invoke(app, ["explain", str(file), "--json"])
    assert result.exit_code == 0, result.exception
    return [f"{each['step']}: {each['says']}" for each in json.loads(result.stdout)["steps"]]


CALL = {
    "type": "track",
    "userId": ADA.user_id,
    "event": "Product Viewed",
    "properties": {"product_id": "lampe-arc", ADA.email: "x"},
    "context": {"consent": {"categoryPreferences": {"analytics": True, "marketing": False}}},
}


def test_an_event_is_explained_step_by_step(tmp_path: Path) -> None:
    said = explained(tmp_path, CALL)
    assert "name: It is the event Product Viewed." in said
    assert (
        "signal: The consent platform: yes to audience_measurement; no to email_marketing; "
        "left out personalisation, advertising." in said
    )
    assert (
        "purpose: audience_measurement: served, unless the person has closed it elsewhere." in said
    )
    assert "purpose: personalisation: not served, since the event does not say yes." in said
    assert not any(ADA.email in each or ADA.user_id in each for each in said)


def test_signals_are_told_one_by_one_and_together(tmp_path: Path) -> None:
    context = {"consent": {"googleConsentMode": {"analytics_storage": "granted"}, "gpc": True}}
    said = explained(tmp_path, CALL | {"context": context})
    google = "yes to audience_measurement; left out personalisation, advertising."
    assert f"signal: Google's Consent Mode: {google}" in said
    assert "signal: Global Privacy Control: no to advertising." in said
    assert any(each.startswith("signals: Together") for each in said)
    assert "purpose: email_marketing: served if the person's consent is on record." in said


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        (
            {"event": "Nobody Declared This"},
            "decision: It is refused and counted as event-unknown.",
        ),
        ({"userId": None}, "call: It is refused and counted as identifier-missing."),
        ({"type": "wink"}, "call: It is refused and counted as type-unknown."),
        (
            {"context": {"consent": {"categoryPreferences": {}}}},
            "decision: It is refused and counted as consent-refused.",
        ),
        (
            {"timestamp": "2019-01-01T00:00:00Z"},
            "decision: It is refused and counted as retention-expired.",
        ),
        (
            {"context": {"consent": {"categoryPreferences": {"marketing": False}}}},
            "decision: It is not stored; what it says about consent is put on record.",
        ),
    ],
)
def test_what_is_refused_says_why(tmp_path: Path, changes: dict[str, object], last: str) -> None:
    assert explained(tmp_path, CALL | changes)[-1] == last


@pytest.mark.parametrize("content", ["[]", "no JSON", '"text"', ""])
def test_what_is_no_call_is_not_explained(tmp_path: Path, content: str) -> None:
    file = tmp_path / "call.json"
    file.write_text(content, encoding="utf-8")
    assert isinstance(RUN.invoke(app, ["explain", str(file)]).exception, EventUnreadable)
    gone = RUN.invoke(app, ["explain", str(tmp_path / "gone.json")])
    assert isinstance(gone.exception, EventUnreadable)
