"""`paravent migrate`: databases, roles and grants on a PostgreSQL of your own."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from gateway.addresses import with_database
from gateway.cli.output import Json, answer, progress
from policies.errors import ParaventError
from pseudonymizer.vault.migrate import migrate_vault
from workers.store.migrate import migrate_store

app = typer.Typer()

PASSWORDS = {
    "paravent_gateway": "PARAVENT_GATEWAY_PASSWORD",
    "paravent_workers": "PARAVENT_WORKERS_PASSWORD",
    "paravent_auditor": "PARAVENT_AUDITOR_PASSWORD",
    "paravent_vault": "PARAVENT_VAULT_PASSWORD",
}


class OwnerMissing(ParaventError):
    """Nobody said which server to migrate."""

    code = "owner-missing"
    remedy = "Name it with --owner-dsn, or set PARAVENT_STORE_DSN and PARAVENT_VAULT_DSN."


@app.command("migrate")
def migrate(
    *,
    owner_dsn: Annotated[
        str | None,
        typer.Option(
            "--owner-dsn",
            metavar="DSN",
            envvar="PARAVENT_OWNER_DSN",
            show_envvar=False,
            help="A role that may create databases and roles; other accounts can see an argument,"
            " so prefer the variable PARAVENT_OWNER_DSN when the DSN holds a password.",
        ),
    ] = None,
    store: Annotated[str, typer.Option(help="Name of the store's database.")] = "store",
    vault: Annotated[str, typer.Option(help="Name of the vault's database.")] = "vault",
    as_json: Json = False,
) -> None:
    """Create or update both databases, their roles and grants, on PostgreSQL 15 or later.

    Running it again changes nothing. Without --owner-dsn it takes the servers of
    PARAVENT_STORE_DSN and PARAVENT_VAULT_DSN, which may be two. Passwords of the run-time roles
    are set from PARAVENT_GATEWAY_PASSWORD, PARAVENT_WORKERS_PASSWORD, PARAVENT_AUDITOR_PASSWORD
    and PARAVENT_VAULT_PASSWORD where those are given, and left alone where they are not.
    """
    owners = _owners(owner_dsn, store, vault)
    given = {role: os.environ[name] for role, name in PASSWORDS.items() if os.environ.get(name)}
    progress("migrating the store")
    migrate_store(owners["store"], passwords=given or None)
    progress("migrating the vault")
    migrate_vault(owners["vault"], passwords=given or None)
    document = {"migrated": ["store", "vault"], "passwords_set": sorted(given)}
    lines = ["Both databases are up to date."]
    lines += [f"Passwords set: {', '.join(sorted(given))}."] if given else []
    answer(document, as_json=as_json, lines=lines)


def _owners(dsn: str | None, store: str, vault: str) -> dict[str, str]:
    owners = {}
    for side, name in (("store", store), ("vault", vault)):
        given = os.environ.get(f"PARAVENT_{side.upper()}_DSN")
        if dsn is not None:
            owners[side] = with_database(dsn, name, override=True)
        elif given:
            owners[side] = with_database(given, name)
        else:
            raise OwnerMissing(f"no server is given for the {side}; needed an owner's DSN")
    return owners
