"""`paravent quarantine` on an installation of its own: nobody gets at anything without a token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import operators, quarantine
from gateway.installation import Installation
from pseudonymizer.key_providers import FileKeyProvider
from tests.support.quarantine import Officer


def say(app: Any, *words: str, data: Path) -> Any:
    return CliRunner().invoke(app, [*words, "--data", str(data), "--json"])


def refused(data: Path, *words: str) -> str:
    return str(getattr(say(quarantine.app, *words, data=data).exception, "code", ""))


def test_only_a_data_protection_officer_opens_takes_replays_or_discards(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileKeyProvider.create(Installation.open(data, create=True).keys)
    key = ("--key", str(Officer.hired(tmp_path).file))
    wanted = [
        ("open", "1", *key),
        ("take", "1", "--out", str(tmp_path / "taken")),
        ("replay", "1", *key),
        ("discard", "1"),
    ]
    for role, code in (("operator", "scope-missing"), ("dpo", "quarantine-unknown")):
        added = say(operators.app, "add", role, "--role", role, data=data)
        token = json.loads(added.stdout)["operator_token"]
        monkeypatch.setenv("PARAVENT_OPERATOR_TOKEN", token)
        for words in wanted:
            assert refused(data, *words) == code, words
    monkeypatch.delenv("PARAVENT_OPERATOR_TOKEN")
    for words in wanted:
        assert refused(data, *words) == "credential-invalid", words
    assert not (tmp_path / "taken").exists()
    assert json.loads(say(quarantine.app, "list", data=data).stdout) == {"quarantine": []}
