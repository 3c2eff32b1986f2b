"""`paravent reidentify`: whose a pseudonym is, asked by one person and approved by another."""

from __future__ import annotations

import json
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.changes import token
from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.cli.rights import rights_service, write_private
from gateway.rights.operators import Operator, Role, authenticate_operator, require_role
from gateway.rights.reidentification.purposes import Purpose
from gateway.rights.reidentification.schemas import (
    OpenedOut,
    ReidentificationIn,
    ReidentificationOut,
)
from gateway.rights.reidentification.service import Reidentifications
from gateway.settings import read_terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.rights.reidentification.register import ReidentificationRow

app = typer.Typer(no_args_is_help=True, help="Learn whose a pseudonym is, if two agree.")

HANDLERS = (Role.DPO, Role.OPERATOR)
STEPS_TOLD = 8

Number = Annotated[uuid.UUID, typer.Argument(metavar="ID", help="As `reidentify list` shows it.")]


@app.command()
def ask(  # noqa: PLR0913  # one parameter an option
    *,
    domain: Annotated[str, typer.Option(help="The domain that the pseudonym is of.")],
    purpose: Annotated[Purpose, typer.Option(help="What for.")],
    ticket: Annotated[
        str, typer.Option(help="Where the reason is on file: letters, a hyphen, a number.")
    ],
    pseudonym_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, help="Read the pseudonym from FILE."
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Ask whose a pseudonym is.

    The pseudonym is read from standard input, or from a file: never from an argument, which others
    on this machine can read. Nobody is shown before somebody else has approved. Who you are, your
    operator token says: it is read from PARAVENT_OPERATOR_TOKEN, or asked for.
    """
    wanted = _asked(pseudonym_file, domain=domain, purpose=purpose, ticket=ticket).wanted()
    with _office(data, *HANDLERS) as (service, operator):
        row = service.ask(operator, wanted, _told)
    _say(row, as_json=as_json)


@app.command()
def approve(number: Number, *, data: Data = None, as_json: Json = False) -> None:
    """Approve what somebody else has asked for.

    Wants the token of a dpo, and of another person than who asked.
    """
    with _office(data, Role.DPO) as (service, operator):
        row = service.approve(operator, number)
    _say(row, as_json=as_json)


@app.command()
def refuse(number: Number, *, data: Data = None, as_json: Json = False) -> None:
    """Refuse what was asked for; wants the token of a dpo."""
    with _office(data, Role.DPO) as (service, operator):
        row = service.refuse(operator, number)
    _say(row, as_json=as_json)


@app.command("open")
def open_(
    number: Number,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it to FILE (mode 0600) as JSON."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show the identifiers that are kept, once, to the one who asked.

    Nothing is shown of somebody nobody knows, or who was erased: the list is empty then.
    """
    with _office(data, *HANDLERS) as (service, operator):
        row, known = service.open(operator, number)
    document = OpenedOut.of(row, known).model_dump(mode="json")
    if out is not None:
        write_private(out, document)
        document = {"written": str(out)}
    answer(document, as_json=as_json, lines=[json.dumps(document, ensure_ascii=False, indent=2)])


@app.command("list")
def list_reidentifications(*, data: Data = None, as_json: Json = False) -> None:
    """List what was asked for, newest first; the list names nobody and holds no pseudonym."""
    with opened(data, announce=progress) as home, rights_service(home) as service:
        rows = Reidentifications(service.ports, read_terms().terms).listed()
    document = {"reidentifications": [_public(row) for row in rows]}
    heads = ("ID", "STATE", "PURPOSE", "TICKET", "DOMAIN", "ASKED", "UNTIL")
    cells = [
        (row.id, row.state, row.purpose, row.ticket, row.domain,
         f"{row.asked_at:%Y-%m-%d %H:%M}", f"{row.ends_at:%Y-%m-%d %H:%M}")
        for row in rows
    ]  # fmt: skip
    answer(document, as_json=as_json, lines=table(heads, cells))


@contextmanager
def _office(data: Path | None, *roles: Role) -> Iterator[tuple[Reidentifications, Operator]]:
    said, terms = token(), read_terms().terms
    with opened(data, announce=progress) as home, rights_service(home) as service:
        operator = authenticate_operator(service.ports.rights, f"Bearer {said}")
        yield Reidentifications(service.ports, terms), require_role(operator, *roles)


def _asked(file: Path | None, *, domain: str, purpose: Purpose, ticket: str) -> ReidentificationIn:
    said = sys.stdin.readline() if file is None else file.read_text(encoding="utf-8")
    given = {"pseudonym": said.strip(), "domain": domain, "purpose": purpose, "ticket": ticket}
    try:
        return ReidentificationIn.model_validate(given)
    except ValueError:
        raise typer.BadParameter(
            "the pseudonym is a UUID of version 8 in small letters, the domain a name of the"
            " rulebook, the ticket letters, a hyphen and a number; all of it was needed"
        ) from None


def _told(done: int, of: int) -> None:
    if done % (of // STEPS_TOLD) == 0:
        progress(f"gone through {done * 100 // of} % of the vault")


def _say(row: ReidentificationRow, *, as_json: bool) -> None:
    public = _public(row)
    lines = [f"{name.replace('_', ' '):12}{value}" for name, value in public.items() if value]
    answer(public, as_json=as_json, lines=lines)


def _public(row: ReidentificationRow) -> dict[str, object]:
    return ReidentificationOut.of(row).model_dump(mode="json")
