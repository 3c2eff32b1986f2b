"""The command explains itself, and fails in a way both people and programs can read."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import main
from gateway.cli.main import PARTS, Part, build
from gateway.cli.settings import described


def test_help_names_every_command_and_where_to_start() -> None:
    shown = CliRunner().invoke(build(), ["--help"])
    assert shown.exit_code == 0
    for word in ("up", "sources", "operators", "segments", "migrate", "status", "settings"):
        assert word in shown.stdout


INSTALLED = [part for part in PARTS if find_spec(f"gateway.cli.{part.module}")]


@pytest.mark.parametrize("part", INSTALLED, ids=lambda part: part.word)
def test_the_line_of_the_help_is_the_parts_own(part: Part) -> None:
    commands = import_module(f"gateway.cli.{part.module}").app
    if part.group:
        said = commands.info.help
    else:
        said = inspect.getdoc(commands.registered_commands[0].callback)
    words = " ".join(str(said).split())
    assert words.startswith(part.summary.rstrip(".)")), words


def test_help_imports_no_database() -> None:
    program = """if True:
        import sys
        from gateway.cli.main import build
        build(["--help"])
        sys.exit("sqlalchemy" in sys.modules or "gateway.wiring" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_wrong_usage_is_two() -> None:
    assert CliRunner().invoke(build(["up"]), ["up", "--port", "many"]).exit_code == 2
    assert CliRunner().invoke(build(["juggle"]), ["juggle"]).exit_code == 2


def test_a_refusal_is_one_with_a_remedy(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["paravent", "status", "--data", str(data), "--json"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["code"] == "installation-missing"
    assert said.err.startswith("error: ")
    assert "\nremedy: Run `paravent up" in said.err


def test_an_error_that_is_not_ours_is_named_but_not_quoted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> None:
        raise ValueError("invalid address ada@example.org")

    monkeypatch.setattr(main, "build", broken)
    with pytest.raises(SystemExit):
        main.main()
    said = capsys.readouterr().err
    assert "ValueError at embedded/test_command.py" in said
    assert "ada" not in said


def test_a_package_that_cannot_be_imported_is_said_to_be_installed_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> None:
        raise ImportError("no pq wrapper available")

    monkeypatch.setattr(main, "build", broken)
    with pytest.raises(SystemExit):
        main.main()
    assert "remedy: Install again" in capsys.readouterr().err


def test_no_setting_shows_the_name_of_a_class() -> None:
    assert not [each["name"] for each in described() if "." in each["type"]]


def test_every_setting_has_a_type_and_a_sentence() -> None:
    names = {each["name"] for each in described()}
    assert {"PARAVENT_STORE_DSN", "PARAVENT_VAULT_DSN", "PARAVENT_BROKER_URL"} <= names
    for each in described():
        assert each["description"].endswith("."), each
        assert each["type"], each
        if each["type"] == "secret":
            assert each["default"] is None, each
