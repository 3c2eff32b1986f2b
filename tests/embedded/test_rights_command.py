"""`paravent rights` and `paravent audit` on an installation of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import audit, rights
from gateway.installation import Installation
from pseudonymizer.key_providers import FileKeyProvider
from tests.support.builders import ADA
from tests.support.rights import canaries


@pytest.fixture
def installed(data: Path) -> Path:
    installation = Installation.open(data, create=True)
    FileKeyProvider.create(installation.keys)
    return data


def say(app: Any, *words: str, given: str = "", data: Path) -> Any:
    return CliRunner().invoke(app, [*words, "--data", str(data), "--json"], input=given)


def test_a_request_and_the_check_of_the_log(installed: Path, tmp_path: Path) -> None:
    asked = say(
        rights.app, "access", "--kind", "user_id", "--value-stdin", given=f"{ADA.user_id}\n",
        data=installed,
    )  # fmt: skip
    assert asked.exit_code == 1  # nobody is known by it: refused with the reason
    answer = json.loads(asked.stdout)
    assert answer["case"]["reason"] == "not_identifiable"
    assert canaries(ADA, asked.output) == ()

    shown = say(rights.app, "show", answer["case"]["id"], data=installed)
    assert json.loads(shown.stdout)["case"] == answer["case"]

    verified = say(audit.app, "verify", data=installed)
    assert verified.exit_code == 0
    assert json.loads(verified.stdout)["holds"] is True

    exported = say(audit.app, "export", str(tmp_path / "out"), data=installed)
    assert exported.exit_code == 0
    assert (tmp_path / "out" / "verify.py").exists()

    foreign = "paravent.example/audit+00000000+" + "A" * 44
    assert say(audit.app, "verify", "--key", foreign, data=installed).exit_code == 2


@pytest.mark.parametrize("words", [(), ("--value", "x", "--value-stdin"), ("--value-stdin",)])
def test_an_identifier_is_given_in_one_way_and_not_empty(
    installed: Path, words: tuple[str, ...]
) -> None:
    asked = say(rights.app, "erase", "--kind", "user_id", *words, data=installed)
    assert asked.exit_code == 2


def test_two_identifiers_are_read_a_line_each_and_variants_are_listed(installed: Path) -> None:
    pair = f"{ADA.user_id}\n{ADA.email}\n"
    words = ("unlink", "--kind", "user_id", "--other-kind", "email")
    asked = say(rights.app, *words, "--value-stdin", given=pair, data=installed)
    assert asked.exit_code == 1
    answer = json.loads(asked.stdout)
    assert (answer["case"]["type"], answer["case"]["reason"]) == ("unlink", "not_identifiable")
    assert canaries(ADA, asked.output) == ()
    assert say(rights.app, *words, "--value", "x", data=installed).exit_code == 2

    listed = say(
        rights.app, "variants", "--kind", "email", "--value-stdin", given=f"{ADA.email}\n",
        data=installed,
    )  # fmt: skip
    assert listed.exit_code == 0
    assert json.loads(listed.stdout)["result"]["variants"] == []
