"""`paravent reidentify` on an installation of its own: two tokens, and no pseudonym in sight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import operators, reidentify
from gateway.cli.edge import edge_of
from gateway.cli.opened import opened
from gateway.installation import Installation
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.lookup import Lookup

ADA = "cust-ada-1815"
SAID = ("--domain", "marketing", "--purpose", "fraud", "--ticket", "FRAUD-17")


@pytest.fixture
def installed(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    installation = Installation.open(data, create=True)
    FileKeyProvider.create(installation.keys)
    monkeypatch.setenv("PARAVENT_REIDENTIFICATION", "fraud")
    return data


def say(app: Any, *words: str, given: str = "", data: Path) -> Any:
    return CliRunner().invoke(app, [*words, "--data", str(data), "--json"], input=given)


def token(data: Path, name: str) -> str:
    said = say(operators.app, "add", name, "--role", "dpo", data=data)
    return str(json.loads(said.stdout)["operator_token"])


def meet(data: Path) -> str:
    """Make Ada known; give her pseudonym."""
    with opened(data) as home, edge_of(home) as edge:
        wanted = Lookup((("user_id", ADA),), mint=True, seal=frozenset({"user_id"}))
        pids = edge.lookup([wanted])[0].pids
    assert pids is not None
    raw = pids["marketing"].hex()
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


def test_two_people_with_their_tokens(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = meet(installed)
    grace, barbara = token(installed, "Grace"), token(installed, "Barbara")

    monkeypatch.setenv("PARAVENT_OPERATOR_TOKEN", grace)
    asked = say(reidentify.app, "ask", *SAID, given=f"{pid}\n", data=installed)
    assert asked.exit_code == 0, asked.output
    row = json.loads(asked.stdout)
    assert row["state"] == "asked"
    assert pid not in asked.output
    alone = say(reidentify.app, "approve", row["id"], data=installed)
    assert getattr(alone.exception, "code", "") == "approver-same"

    monkeypatch.setenv("PARAVENT_OPERATOR_TOKEN", barbara)
    approved = say(reidentify.app, "approve", row["id"], data=installed)
    assert json.loads(approved.stdout)["state"] == "approved"

    monkeypatch.setenv("PARAVENT_OPERATOR_TOKEN", grace)
    out = tmp_path / "shown.json"
    shown = say(reidentify.app, "open", row["id"], "--out", str(out), data=installed)
    assert shown.exit_code == 0, shown.output
    assert ADA not in shown.output
    assert out.stat().st_mode & 0o777 == 0o600
    (identifier,) = json.loads(out.read_text())["identifiers"]
    assert (identifier["kind"], identifier["value"]) == ("user_id", ADA)

    file = tmp_path / "pid"
    file.write_text(pid)
    again = say(reidentify.app, "ask", *SAID, "--pseudonym-file", str(file), data=installed)
    number = json.loads(again.stdout)["id"]
    refused = say(reidentify.app, "refuse", number, data=installed)
    assert json.loads(refused.stdout)["state"] == "refused"
    listed = say(reidentify.app, "list", data=installed)
    states = [each["state"] for each in json.loads(listed.stdout)["reidentifications"]]
    assert sorted(states) == ["opened", "refused"]
    assert pid not in listed.output


def test_without_a_token_or_with_half_a_pseudonym_nothing_is_asked(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = say(reidentify.app, "ask", *SAID, given="0f1e2d3c\n", data=installed)
    assert half.exit_code == 2
    assert "0f1e2d3c" not in half.output
    monkeypatch.delenv("PARAVENT_OPERATOR_TOKEN", raising=False)
    whole = "0f1e2d3c-4b5a-8978-8a6b-5c4d3e2f1a0b\n"
    nobody = say(reidentify.app, "ask", *SAID, given=whole, data=installed)
    assert getattr(nobody.exception, "code", "") == "credential-invalid"


def test_it_is_off_without_its_variable(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARAVENT_REIDENTIFICATION")
    monkeypatch.setenv("PARAVENT_OPERATOR_TOKEN", token(installed, "Grace"))
    whole = "0f1e2d3c-4b5a-8978-8a6b-5c4d3e2f1a0b\n"
    refused = say(reidentify.app, "ask", *SAID, given=whole, data=installed)
    assert getattr(refused.exception, "code", "") == "reidentification-off"
