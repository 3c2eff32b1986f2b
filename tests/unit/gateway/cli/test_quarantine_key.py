"""`paravent quarantine key` makes what the rulebook takes, wherever it is run."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.quarantine import app
from policies.ruleset import QuarantineRule
from policies.vocabulary import Suspicion
from pseudonymizer.officer_key import OfficerKeyExists
from pseudonymizer.public_seal import key_id
from tests.support.rulebooks import edited


def test_the_public_key_it_prints_is_one_the_rulebook_takes(tmp_path: Path) -> None:
    file = tmp_path / "officer.pem"
    said = CliRunner().invoke(app, ["key", str(file), "--json"])
    assert said.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    answer = json.loads(said.stdout)
    reasons = f"reasons: [special-category]\n  days: 3\n  key: {answer['key']}"
    rules = edited(tmp_path / "rules", ("quarantine.yaml", "reasons: []", reasons))
    key = rules.quarantine.key
    assert key is not None
    assert rules.quarantine == QuarantineRule((Suspicion.SPECIAL_CATEGORY,), 3, answer["key"])
    assert answer["key_id"] == key_id(base64.b64decode(key))
    assert "PRIVATE" not in said.stdout


def test_it_says_so_when_there_is_a_file_already(tmp_path: Path) -> None:
    file = tmp_path / "officer.pem"
    assert CliRunner().invoke(app, ["key", str(file)]).exit_code == 0
    again = CliRunner().invoke(app, ["key", str(file)])
    assert isinstance(again.exception, OfficerKeyExists)
