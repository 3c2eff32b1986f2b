"""`paravent operators`: the people who answer requests and read the audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress
from gateway.rights.operators import Role, add_operator
from pseudonymizer.vault.transactions import connect, transaction

if TYPE_CHECKING:
    from gateway.addresses import Addresses

app = typer.Typer(no_args_is_help=True, help="The people who answer requests and read the log.")

FIRST_OPERATOR = "first operator"


@app.callback()
def operators() -> None:
    """Keep `add` a word of its own: with one command alone, typer would drop it."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the audit log calls them.")],
    *,
    role: Annotated[
        Role,
        typer.Option(
            help="dpo: everything; operator: requests of data subjects; auditor: the audit log."
        ),
    ] = Role.OPERATOR,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days the token is valid; default: until revoked.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add an operator and print their token, once; only its hash is stored."""
    with opened(data, announce=progress) as home:
        valid = timedelta(days=days) if days else None
        token = _register(home.addresses, name, role, valid=valid)
    document = {"operator": name, "role": role.value, "operator_token": token}
    lines = [f"The operator token of {name}, shown once:", f"  {token}"]
    answer(document, as_json=as_json, lines=lines)


def first_token(addresses: Addresses) -> str:
    """Give the token of an operator who may do everything."""
    return _register(addresses, FIRST_OPERATOR, Role.DPO, valid=None)


def _register(addresses: Addresses, name: str, role: Role, *, valid: timedelta | None) -> str:
    now = datetime.now(UTC)
    engine = connect(addresses.rights, pool_size=1)
    try:
        with transaction(engine) as rights:
            expires_at = now + valid if valid else None
            return add_operator(rights, name, role, now=now, expires_at=expires_at)
    finally:
        engine.dispose()
