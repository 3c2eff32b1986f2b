"""Which servers does an installation use: its own embedded ones, or those it was given?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg

from gateway.addresses import Addresses, as_role, with_database
from gateway.embedded import EmbeddedBroker, EmbeddedPostgres
from policies.errors import ParaventError
from pseudonymizer.vault.migrate import migrate_vault
from workers.store.migrate import migrate_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.installation import Installation

STORE_ROLES = ("paravent_gateway", "paravent_workers", "paravent_auditor")
VAULT_ROLES = ("paravent_vault", "paravent_gateway")
PROBE_SECONDS = 5


class EmbeddedInProduction(ParaventError):
    """Production mode was asked to start a server of its own."""

    code = "embedded-in-production"
    remedy = (
        "Set PARAVENT_STORE_DSN, PARAVENT_VAULT_DSN and PARAVENT_BROKER_URL to servers of your"
        " own, or leave PARAVENT_MODE at development."
    )


class Servers:
    """The servers of one installation.

    ``PARAVENT_STORE_DSN``, ``PARAVENT_VAULT_DSN`` (as an owner: a role that may create databases
    and roles) and ``PARAVENT_BROKER_URL`` each replace an embedded server.
    """

    def __init__(
        self, installation: Installation, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._installation = installation
        self._store = environment.get("PARAVENT_STORE_DSN") or None
        self._vault = environment.get("PARAVENT_VAULT_DSN") or None
        self._broker = environment.get("PARAVENT_BROKER_URL") or None
        embedded_database = self._store is None or self._vault is None
        self.postgres = EmbeddedPostgres(installation.folder) if embedded_database else None
        self.broker = EmbeddedBroker(installation.folder) if self._broker is None else None
        production = environment.get("PARAVENT_MODE") == "production"
        if production and (self.postgres or self.broker):
            raise EmbeddedInProduction("a server is not given; needed all three in production")

    def addresses(self) -> Addresses:
        """Give every role's address; the embedded servers need not run for that."""
        return Addresses.derive(
            self._owner(self._store, "store"),
            self._owner(self._vault, "vault"),
            broker=self._broker or (self.broker.url() if self.broker else None),
            passwords=self._installation.passwords(),
        )

    def _owner(self, given: str | None, database: str) -> str:
        if given is not None:
            return with_database(given, database)
        if self.postgres is None:  # pragma: no cover - __init__ makes it when one is not given
            raise EmbeddedInProduction("a database is not given; needed its DSN")
        return self.postgres.dsn(database)

    def migrate(self, announce: Callable[[str], None]) -> Addresses:
        """Bring both databases to this version, with roles that log in by our passwords."""
        addresses = self.addresses()
        announce("migrating the store and the vault")
        for owner, roles, migrate in (
            (addresses.store_owner, STORE_ROLES, migrate_store),
            (addresses.vault_owner, VAULT_ROLES, migrate_vault),
        ):
            migrate(owner, passwords=self._passwords_to_set(owner, roles) or None)
        return addresses

    def _passwords_to_set(self, owner: str, roles: tuple[str, ...]) -> dict[str, str]:
        """Give the passwords of roles that cannot log in with ours yet.

        Roles belong to the whole server: setting a password that is in force already, or that the
        server does not ask for, would lock out another installation that lives there.
        """
        passwords = {role: self._installation.password(role) for role in roles}
        return {
            role: password
            for role, password in passwords.items()
            if not _logs_in(as_role(owner, role, password=password, database="postgres"))
        }


def _logs_in(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=PROBE_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True
