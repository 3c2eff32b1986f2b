"""What the documents tell a reader to type exists: make targets, commands, options, paths."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main

from gateway.cli.main import build
from tests.support.lints import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def typed(text: str) -> list[str]:
    """Give the lines that a page shows as typed, and the code spans that are commands."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    joined = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spans = re.findall(r"`((?:paravent|make) [^`]+)`", text)
    return [line.strip().removeprefix("$ ") for line in [*joined, *spans]]


def unknown_targets(text: str) -> set[str]:
    made = {word for line in typed(text) for word in re.findall(r"^make ([a-z]+)", line)}
    return made - TARGETS


def faults(line: str, command: Any) -> list[str]:
    """Say what in *line*, the words after ``paravent``, the program does not know."""
    words = shlex.split(line.partition(" #")[0].partition(" >")[0].partition(" |")[0])
    while words and hasattr(command, "commands"):
        if words[0].startswith("-"):
            break
        name = words.pop(0)
        if name in {"…", "..."}:
            return []
        if "|" in name:  # a choice, such as verify|export
            return [n for n in name.split("|") if n not in command.commands]
        if name not in command.commands:
            return [name]
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    return sorted(given - options)


def unknown_commands(text: str, command: Any) -> list[str]:
    lines = [re.sub(r"^(?:\.venv/bin/)?paravent\b ?", "\0", line) for line in typed(text)]
    return [f for line in lines if line.startswith("\0") for f in faults(line[1:], command)]


@pytest.fixture(scope="module")
def program() -> Any:
    """The whole command; it builds only the part that is asked for, so each is asked for once."""
    words = typer.main.get_command(build()).commands
    parts = {word: typer.main.get_command(build([word])).commands[word] for word in words}
    return SimpleNamespace(commands=parts, params=[], help="All of it.")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_shown_exists(page: Path, program: Any) -> None:
    assert unknown_targets(page.read_text()) == set()
    assert unknown_commands(page.read_text(), program) == []


def test_an_invented_command_would_be_noticed(program: Any) -> None:
    assert unknown_targets("```sh\nmake coffee\n```") == {"coffee"}
    assert unknown_commands("`paravent brew`", program) == ["brew"]
    assert unknown_commands("`paravent up --milk`", program) == ["--milk"]
    assert unknown_commands("`paravent up --port 1`", program) == []


def test_every_target_of_the_makefile_explains_itself() -> None:
    explained = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert explained == set(phony[1].split()) == TARGETS


def test_every_command_explains_itself(program: Any) -> None:
    def silent(command: Any, name: str) -> list[str]:
        found = [] if (command.help or "").strip() else [name]
        for child, sub in getattr(command, "commands", {}).items():
            found += silent(sub, f"{name} {child}")
        return found

    assert silent(program, "paravent") == []


def test_the_readme_names_every_command(program: Any) -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in program.commands if f"`{name}" not in readme] == []
