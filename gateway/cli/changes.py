"""`paravent policy propose`, `approve`, `refuse`, `changes`: another rulebook while all runs."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.differences import differences, document_of
from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.cli.rights import rights_service
from gateway.cli.trying import computed
from gateway.rights.operators import Operator, Role, authenticate_operator, require_role
from gateway.rulebooks.errors import RulebookFaulty
from gateway.rulebooks.service import Rulebooks, Told
from policies.check import Level, check
from policies.load import load_rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.ruleset import RuleSet
    from workers.store.rulebook_changes import RulebookChange

app = typer.Typer()

TOKEN = "PARAVENT_OPERATOR_TOKEN"  # noqa: S105  # the name of a variable

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", min=1, help="As `policy changes` shows it.")
]


@app.command("propose")
def propose(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="The one to come."),
    ],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Propose another rulebook, while everything runs.

    One that loosens nothing is in force on every process when this ends. Where something loosens,
    a second person has to approve it. Who you are, your operator token says: it is read from
    PARAVENT_OPERATOR_TOKEN, or asked for.
    """
    rules = _faultless(folder)
    with _office(data, Role.DPO, Role.OPERATOR) as (rulebooks, operator):
        told = rulebooks.propose(operator, rules)
    _say(told, as_json=as_json)


@app.command("approve")
def approve(number: Number, *, data: Data = None, as_json: Json = False) -> None:
    """Put a proposed rulebook in force, on every process at once.

    Wants the token of a dpo, and of somebody else than who proposed it.
    """
    with _office(data, Role.DPO) as (rulebooks, operator):
        told = rulebooks.approve(operator, number)
    _say(told, as_json=as_json)


@app.command("refuse")
def refuse(number: Number, *, data: Data = None, as_json: Json = False) -> None:
    """Refuse a proposed rulebook; it can be proposed again."""
    with _office(data, Role.DPO) as (rulebooks, operator):
        told = rulebooks.refuse(operator, number)
    _say(told, as_json=as_json)


@app.command("changes")
def changes(*, data: Data = None, as_json: Json = False) -> None:
    """Say which rulebook is in force, and list the changes, newest first."""
    with opened(data, announce=progress) as home, rights_service(home) as service:
        standing, found = Rulebooks(service.ports).listed()
    document = {
        "in_force": standing and standing.hash,
        "since": standing and standing.since.isoformat(),
        "changes": [document_of(each) for each in found],
    }
    heads = ("NUMBER", "STATE", "LOOSENS", "PROPOSED", "DECIDED", "RULEBOOK")
    lines = table(heads, map(_row, found))
    if standing is not None:
        lines.append(f"{standing.hash} is in force since {standing.since:%Y-%m-%d %H:%M} UTC.")
    answer(document, as_json=as_json, lines=lines)


@contextmanager
def _office(data: Path | None, *roles: Role) -> Iterator[tuple[Rulebooks, Operator]]:
    said = token()
    with opened(data, announce=progress) as home, rights_service(home) as service:
        operator = authenticate_operator(service.ports.rights, f"Bearer {said}")
        yield Rulebooks(service.ports), require_role(operator, *roles)


def token() -> str:
    """Give the operator token: of the variable, or asked for where somebody can answer."""
    said = os.environ.get(TOKEN)
    if said:
        return said
    if not sys.stdin.isatty():
        return ""
    return str(typer.prompt("Your operator token", hide_input=True, err=True))


def _faultless(folder: Path) -> RuleSet:
    rules = load_rulebook(folder)
    found = check(rules, folder, compute=computed)
    errors = sum(each.level is Level.ERROR for each in found)
    if errors:
        raise RulebookFaulty(f"the rulebook has {errors} errors; one without was needed")
    return rules


def _say(told: Told, *, as_json: bool) -> None:
    change = told.change
    document = document_of(change) | {"differences": [each._asdict() for each in told.differences]}
    lines = [*differences(told.differences), _standing(change)]
    answer(document, as_json=as_json, lines=lines)


def _standing(change: RulebookChange) -> str:
    if change.outcome is not None:
        where = "in force on every process" if change.outcome == "adopted" else "refused"
        return f"Change {change.id} is {where}: {change.rulebook}"
    return (
        f"Change {change.id} is proposed and loosens: another operator with the role dpo approves"
        f" it with `paravent policy approve {change.id}`."
    )


def _row(change: RulebookChange) -> tuple[object, ...]:
    decided = change.decided_at
    return (
        change.id,
        change.outcome or "proposed",
        "yes" if change.loosens else "no",
        f"{change.proposed_at:%Y-%m-%d %H:%M}",
        "-" if decided is None else f"{decided:%Y-%m-%d %H:%M}",
        change.rulebook[:12],
    )
