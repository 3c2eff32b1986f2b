"""A whole gateway in this process for the tests of a module, with a key and token of each sort."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import Engine, text

from gateway.app import create_app
from gateway.cli.sources import Scope, new_key
from gateway.rights.operators import Role, add_operator
from gateway.settings import GatewaySettings, MetricsFor
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.asgi import AsgiClient
from tests.support.postgres import Database, clone, drop, template
from tests.support.run import Run
from workers.store import sources
from workers.store.transactions import connect, transaction

Headers = dict[str, str]

# On, and often: everything that can be asked is asked of the one application.
ALLOWED = {
    "reidentification": "legal_claims,fraud",
    "reidentification_daily": 1000,
    "reidentification_daily_all": 1000,
}


@dataclass
class Front:
    """A started application, the keys and tokens it knows, and its databases as their owner."""

    client: AsgiClient
    store: Engine
    vault: Engine
    rights: Engine
    keys: dict[str, str] = field(repr=False)
    tokens: dict[Role, Headers] = field(repr=False)

    @property
    def key(self) -> str:
        return self.keys["all"]

    @property
    def dpo(self) -> Headers:
        return self.tokens[Role.DPO]

    @cached_property
    def openapi(self) -> dict[str, Any]:
        document: dict[str, Any] = self.client.get("/openapi.json").json()
        return document

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send *body* (bytes as they are, anything else as JSON) as the source that may do all."""
        options.setdefault("auth", (self.key, ""))
        if options["auth"] is None:
            del options["auth"]
        if body is not None:
            options["content"] = body if isinstance(body, bytes) else msgspec.json.encode(body)
            options["headers"] = {"content-type": "application/json", **options.get("headers", {})}
        return self.client.request("POST", path, **options)

    def rows(self, statement: str) -> list[Any]:
        with self.store.connect() as connection:
            return list(connection.execute(text(statement)))

    def stored(self) -> int:
        return int(self.rows("select count(*) from store.event")[0][0])

    def outcomes(self) -> dict[str, int]:
        found = self.rows("select outcome, sum(count) from store.decision_count group by outcome")
        return {outcome: int(count) for outcome, count in found}

    def counted(self, before: dict[str, int]) -> dict[str, int]:
        """Say what was counted since *before*."""
        now = self.outcomes()
        return {name: n - before.get(name, 0) for name, n in now.items() if n != before.get(name)}


@contextmanager
def cloned(run: Run, folder: Path) -> Iterator[Front]:
    """Start the application on two fresh databases of *run*."""
    store, vault = (clone(template(run, side)) for side in ("store", "vault"))
    with started(store, vault, folder) as front:
        yield front
    drop(store)
    drop(vault)


@contextmanager
def started(store: Database, vault: Database, folder: Path, **settings: Any) -> Iterator[Front]:
    """Start the application on two databases, in this process."""
    if "keys" not in settings:
        settings["keys"] = folder / "keys.json"
        FileKeyProvider.create(settings["keys"])
    configured = GatewaySettings(
        store_dsn=store.dsn("paravent_gateway"),
        vault_dsn=vault.dsn("paravent_vault"),
        rights_dsn=vault.dsn("paravent_gateway"),
        auditor_dsn=store.dsn("paravent_auditor"),
        erasure_journal=folder / "erasures.jsonl",
        **{"metrics": MetricsFor.operators, **ALLOWED, **settings},
    )
    owner = connect(store.owner_dsn, pool_size=1, application_name="paravent-tests")
    vault_owner = connect(vault.owner_dsn, pool_size=1, application_name="paravent-tests")
    rights = connect(vault.dsn("paravent_gateway"), pool_size=1, application_name="paravent-tests")
    try:
        made = make_keys(owner)
        tokens = make_tokens(rights)
        with AsgiClient(create_app(configured)) as client:
            yield Front(client, owner, vault_owner, rights, made, tokens)
    finally:
        for engine in (owner, vault_owner, rights):
            engine.dispose()


def make_keys(owner: Engine) -> dict[str, str]:
    """Give a key for everything, one for each scope alone, and some that are no good any more."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with transaction(owner) as store:
        web, crm, off = (sources.add(store, name, name) for name in ("web", "crm", "off"))
        assert web is not None
        assert crm is not None
        assert off is not None
        keys = {scope.value: new_key(store, web.id, [scope]) for scope in Scope}
        keys |= {
            name: new_key(store, web.id, list(Scope)) for name in ("all", "expired", "revoked")
        }
        keys["crm"] = new_key(store, crm.id, list(Scope))
        keys["off"] = new_key(store, off.id, list(Scope))
        sources.enable(store, off.id, enabled=False)
        sources.revoke_key(store, keys["revoked"].split("_")[1], yesterday)
        store.execute(
            text("update store.source_key set expires_at = :at where prefix = :prefix"),
            {"at": yesterday, "prefix": keys["expired"].split("_")[1]},
        )
    return keys


def make_tokens(rights: Engine) -> dict[Role, Headers]:
    found = {}
    with vault_transaction(rights) as connection:
        for role in Role:
            token = add_operator(connection, f"the {role}", role, now=datetime.now(UTC))
            found[role] = {"authorization": f"Bearer {token}"}
    return found
