"""`paravent operators`: the people who answer requests and read the audit log."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.opened import opened
from gateway.cli.output import Data, Json, answer, progress, table
from gateway.rights import register
from gateway.rights.operators import Role, add_operator
from policies.errors import ParaventError
from pseudonymizer.vault.transactions import connect, transaction
from workers.store.audit_log import AuditLog
from workers.store.transactions import connect as store_connect
from workers.store.transactions import transaction as store_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from gateway.addresses import Addresses

app = typer.Typer(no_args_is_help=True, help="The people who answer requests and read the log.")

ADDED, REVOKED = "operator:added", "operator:revoked"
FIRST_OPERATOR = "first operator"


class OperatorMissing(ParaventError):
    """There is no such operator, or their token has ended."""

    code = "operator-missing"
    remedy = "See `paravent operators list` for the prefixes of the tokens in force."


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
        log(home.addresses, ADDED, {"role": role.value})
        token = _register(home.addresses, name, role, valid=valid)
    document = {"operator": name, "role": role.value, "operator_token": token}
    lines = [f"The operator token of {name}, shown once:", f"  {token}"]
    answer(document, as_json=as_json, lines=lines)


@app.command("list")
def list_operators(*, data: Data = None, as_json: Json = False) -> None:
    """List the operators by the public prefix of their token; a token itself is nowhere."""
    with opened(data, announce=progress) as home, _rights(home.addresses) as rights:
        rows = register.operators(rights)
    now = datetime.now(UTC)
    documents = [
        {
            "operator": row.name,
            "role": row.role,
            "token": row.token_prefix,
            "state": "ended" if row.expires_at and row.expires_at <= now else "in force",
            "until": row.expires_at.isoformat() if row.expires_at else None,
        }
        for row in rows
    ]
    cells = [
        (each["operator"], each["role"], each["token"], each["state"], each["until"] or "-")
        for each in documents
    ]
    heads = ("OPERATOR", "ROLE", "TOKEN", "STATE", "UNTIL")
    answer(documents, as_json=as_json, lines=table(heads, cells))


@app.command()
def revoke(
    token: Annotated[
        str, typer.Argument(metavar="PREFIX", help="As `operators list` shows it, pvo_...")
    ],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """End an operator's token now; whoever holds it is refused from the next request on."""
    prefix = "_".join(token.split("_")[:2])  # a whole token, pasted by mistake, is cut
    with opened(data, announce=progress) as home, _rights(home.addresses) as rights:
        log(home.addresses, REVOKED, {"token": prefix})
        if not register.end_token(rights, prefix, datetime.now(UTC)):
            raise OperatorMissing("no token with that prefix is in force; needed one that is")
    answer({"revoked": prefix}, as_json=as_json, lines=[f"The token {prefix} has ended."])


def first_token(addresses: Addresses) -> str:
    """Give the token of an operator who may do everything."""
    log(addresses, ADDED, {"role": Role.DPO.value})
    return _register(addresses, FIRST_OPERATOR, Role.DPO, valid=None)


def _register(addresses: Addresses, name: str, role: Role, *, valid: timedelta | None) -> str:
    now = datetime.now(UTC)
    with _rights(addresses) as rights:
        expires_at = now + valid if valid else None
        return add_operator(rights, name, role, now=now, expires_at=expires_at)


def log(addresses: Addresses, action: str, fields: Mapping[str, str]) -> int:
    """Say in the audit log that who may do something changes, before it does (R-113).

    Give the number of the entry.  By the command: whoever may run it on this host needs no token,
    and that is on record.
    """
    engine = store_connect(addresses.store, pool_size=1, application_name="paravent operators")
    try:
        with store_transaction(engine) as store:
            return AuditLog(store).append(action, None, {"by": "command", **fields})
    finally:
        engine.dispose()


@contextmanager
def _rights(addresses: Addresses) -> Iterator[Connection]:
    engine = connect(addresses.rights, pool_size=1)
    try:
        with transaction(engine) as rights:
            yield rights
    finally:
        engine.dispose()
