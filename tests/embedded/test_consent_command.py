"""`paravent consent` on an installation of its own: a proof written too early says so."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import consent
from gateway.cli.edge import edge_of
from gateway.cli.opened import opened
from gateway.consent.service import Choice
from gateway.installation import Installation
from policies.vocabulary import ConsentStatus
from pseudonymizer.key_providers import FileKeyProvider
from tests.support.builders import ADA
from tests.support.rights import canaries
from workers.jobs import anchor
from workers.store.transactions import connect


@pytest.fixture
def installed(data: Path) -> Path:
    installation = Installation.open(data, create=True)
    FileKeyProvider.create(installation.keys)
    return data


def say(*words: str) -> Any:
    return CliRunner().invoke(consent.app, [*words, "--json"])


def test_a_proof_says_whether_it_will_hold_and_does_once_the_log_has_it(
    installed: Path, tmp_path: Path
) -> None:
    data, file = ("--data", str(installed)), tmp_path / "proof.json"
    with opened(installed) as home, edge_of(home) as edge:
        said = {"personalisation": ConsentStatus.GIVEN}
        receipt = str(edge.consent.record(Choice("user_id", ADA.user_id, said, None)))

    early = say("proof", receipt, str(file), *data)
    assert early.exit_code == 0, early.output
    assert json.loads(early.stdout)["not_in_the_log"] == 1
    key = json.loads(early.stdout)["verifier_key"]
    checked = say("verify", str(file), "--key", key)
    assert checked.exit_code == 1
    assert "write the proof again" in json.loads(checked.stdout)["findings"][0]

    with opened(installed) as home:
        workers = connect(home.addresses.workers, pool_size=1, application_name="tests")
        later = int(datetime.now(UTC).timestamp() * 1e6) + anchor.SETTLED_US + 1
        anchor.anchor_consents(workers, clock=lambda: later)
        workers.dispose()
    file.unlink()
    settled = say("proof", receipt, str(file), *data)
    assert json.loads(settled.stdout)["not_in_the_log"] == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert canaries(ADA, file.read_text()) == ()
    assert json.loads(say("verify", str(file), "--key", key).stdout) == {
        "holds": True, "findings": []
    }  # fmt: skip
    file.write_text(file.read_text().replace("personalisation", "advertising"))
    assert say("verify", str(file), "--key", key).exit_code == 1


@pytest.mark.parametrize("receipt", ["nothing", "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_receipt_writes_no_proof(installed: Path, tmp_path: Path, receipt: str) -> None:
    file = tmp_path / "proof.json"
    assert say("proof", receipt, str(file), "--data", str(installed)).exit_code != 0
    assert not file.exists()
