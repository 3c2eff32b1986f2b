"""Which process reaches which server, and as whom?

An owner's DSN (the embedded servers', or one that the operator gave) becomes one DSN per run-time
role.  Each process is handed its own and no other: a worker's environment holds no vault.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from gateway.settings import GatewaySettings
from policies.errors import ParaventError
from workers.settings import WorkersSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic_settings import BaseSettings

# What any Python process needs to run as this one does; nothing of it is ours or secret.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV")
# What says to the library of a key service where its files are; for gateways only, as the keys are.
KEY_SERVICES = (
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "SOFTHSM2_CONF",
)
PREFIX = "PARAVENT_"


class AddressInvalid(ParaventError):
    """A DSN cannot be read."""

    code = "address-invalid"
    remedy = "Write it as postgresql://user:password@host:port/database."


def as_role(dsn: str, role: str, *, password: str | None, database: str | None = None) -> str:
    """Give *dsn* as a URL that logs in as *role*; every other parameter stays.

    Raises:
        AddressInvalid: *dsn* is neither a URL nor a libpq string; it is not repeated.
    """
    return _url(_parts(dsn) | {"user": role, "password": password}, database)


def with_database(dsn: str, name: str, *, override: bool = False) -> str:
    """Give *dsn* as a URL that names its database: its own, or *name* where it names none.

    With *override* it is *name* in any case.
    """
    parts = _parts(dsn)
    return _url(parts, name if override else str(parts.get("dbname") or name))


def user_of(dsn: str) -> str:
    """Give the role *dsn* logs in as; empty where it leaves that to libpq."""
    return str(_parts(dsn).get("user") or "")


def _parts(dsn: str) -> dict[str, str | int | None]:
    try:
        return dict(conninfo_to_dict(dsn))
    except ProgrammingError:
        raise AddressInvalid("a DSN cannot be read; needed a PostgreSQL URL") from None


def _url(parts: Mapping[str, str | int | None], database: str | None) -> str:
    rest = {key: str(value) for key, value in parts.items() if value not in (None, "")}
    name = database or rest.get("dbname", "")
    login = quote(rest.pop("user", ""), safe="")
    if "password" in rest:
        login += ":" + quote(rest.pop("password"), safe="")
    rest.pop("dbname", None)
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(rest.items()))
    return f"postgresql://{login}@/{quote(name, safe='')}" + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Addresses:
    """The servers of an installation, each as the role that may use it; never printed."""

    store_owner: str = field(repr=False)
    vault_owner: str = field(repr=False)
    store: str = field(repr=False)
    workers: str = field(repr=False)
    auditor: str = field(repr=False)
    vault: str = field(repr=False)
    rights: str = field(repr=False)
    broker: str | None = field(repr=False)

    @classmethod
    def derive(
        cls, store: str, vault: str, *, broker: str | None, passwords: Mapping[str, str]
    ) -> Addresses:
        """Give every role's DSN from the owner's DSNs of the two databases."""

        def role(dsn: str, name: str) -> str:
            return as_role(dsn, name, password=passwords.get(name))

        return cls(
            store_owner=store,
            vault_owner=vault,
            store=role(store, "paravent_gateway"),
            workers=role(store, "paravent_workers"),
            auditor=role(store, "paravent_auditor"),
            vault=role(vault, "paravent_vault"),
            rights=role(vault, "paravent_gateway"),
            broker=broker,
        )

    def for_gateway(self, *, keys: str, erasures: Path, policies: Path | None) -> dict[str, str]:
        """Give the gateway's whole environment; it never talks to the broker."""
        own = {
            "store_dsn": self.store,
            "vault_dsn": self.vault,
            "rights_dsn": self.rights,
            "auditor_dsn": self.auditor,
            "keys": keys,
            "erasure_journal": str(erasures),
        }
        there = {name: os.environ[name] for name in KEY_SERVICES if name in os.environ}
        return there | _environment(GatewaySettings, own, policies)

    def for_workers(self, *, policies: Path | None) -> dict[str, str]:
        """Give a worker's whole environment: no vault, no key, no owner."""
        own = {"store_dsn": self.workers, "broker_url": self.broker or ""}
        return _environment(WorkersSettings, own, policies)


def _environment(
    settings: type[BaseSettings], own: Mapping[str, str], policies: Path | None
) -> dict[str, str]:
    """Give what *settings* reads, from *own* first and from our environment otherwise."""
    given = dict(own) | ({"policies": str(policies)} if policies else {})
    names = {name: f"{PREFIX}{name.upper()}" for name in settings.model_fields}
    ours = {names[name]: given[name] for name in names if name in given}
    kept = {name: os.environ[name] for name in (*INHERITED, *names.values()) if name in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"} | ours


def module(name: str, *arguments: str) -> list[str]:
    """Give the command line of one of our processes; ``-P`` keeps the working folder unimported."""
    return [sys.executable, "-P", "-m", name, *arguments]
