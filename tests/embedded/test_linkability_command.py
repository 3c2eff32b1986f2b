"""`paravent audit linkability` on an installation of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import audit, linkability
from gateway.installation import Installation
from gateway.linkability import planted
from gateway.linkability.attack import Outcome
from gateway.linkability.report import Plant, Question, Report
from pseudonymizer.key_providers import FileKeyProvider


@pytest.fixture
def installed(data: Path) -> Path:
    installation = Installation.open(data, create=True)
    FileKeyProvider.create(installation.keys)
    return data


def say(*words: str, data: Path) -> Any:
    return CliRunner().invoke(audit.app, ["linkability", *words, "--data", str(data)])


def test_the_audit_of_an_installation_nobody_used(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sent.csv").write_text("nothing\n")
    done = say("--json", "--at-most", "0", "--export", str(tmp_path / "sent.csv"), data=installed)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["drawn"] == document["worst"] == 0
    assert document["proven"] is True
    assert document["read"]["exports"] == {"files": 1, "bytes": 8, "whole": True}
    assert document["read"]["logs"]["files"] > 0
    assert "reading store.event" in done.stderr

    told = say(data=installed)
    assert told.exit_code == 0
    assert "the audit finds what is there to be found" in told.stdout

    monkeypatch.setattr(planted, "CONTROL", planted.SHARED)  # a control that knows the answers
    assert say(data=installed).exit_code == 1


def test_a_rate_above_the_one_allowed_is_told_by_the_exit(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = Outcome("store.event.mid (value)", 200, 150, 0, 150, 0.001)
    found = Report(
        run="r",
        drawn=200,
        candidates={},
        domains=Question(200, [joined]),
        identifiers=Question(0, ()),
        plants=[Plant("a number in both domains", 20, 20, 20)],
        read={},
    )
    monkeypatch.setattr(linkability, "measure", lambda *_: found)
    assert say("--at-most", "0.74", data=installed).exit_code == 1
    assert say("--at-most", "0.75", data=installed).exit_code == 0
    assert say(data=installed).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [("--at-most", "2"), ("--sample", "0"), ("--export", "/nowhere"), ("--candidates", "1")],
)
def test_wrong_usage_is_told_apart_from_a_finding(words: tuple[str, ...], installed: Path) -> None:
    assert say(*words, data=installed).exit_code == 2
