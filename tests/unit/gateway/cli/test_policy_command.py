"""`paravent policy` says what a rulebook would do, and ends with 1 when it should not be used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.policy import WordUnknown, app
from policies.load import SHIPPED, load_rulebook

RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in SHIPPED.rglob("*.yaml"):
        target = tmp_path / path.relative_to(SHIPPED)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tmp_path


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
