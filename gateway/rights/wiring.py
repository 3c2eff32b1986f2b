"""What the rights service, and a gateway around it, are opened with: engines, keys, gate."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from gateway import timing
from gateway.rights.gate import Gate
from gateway.rights.service import RightsService
from gateway.settings import GatewaySettings
from policies.load import load_rulebook
from policies.ruleset import RuleSet
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.key_opening import open_keys
from pseudonymizer.key_port import USES
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault import roles as vault_roles
from pseudonymizer.vault import transactions as vault_transactions
from pseudonymizer.vault.remember import Resolver
from workers.store import transactions as store_transactions

NAME = "paravent-gateway"  # what PostgreSQL calls our connections
CASE_CONNECTIONS = 2
RIGHTS_CONNECTIONS = 4  # each running case keeps one for its lock


def keyring_of(settings: GatewaySettings) -> Keyring:
    """Open the keys; one that is not there, or not fit, shows here."""
    keyring = Keyring(timing.TimedKeys(open_keys(settings.keys_at, mode=settings.mode)))
    for name in USES:
        keyring.versions(name)
    return keyring


def engines_of(
    settings: GatewaySettings, gate: Gate | None, pool_size: int
) -> tuple[Engine, Engine]:
    """Give the store and the vault, guarded by *gate* where there is one."""
    store = store_transactions.connect(
        settings.store_dsn.get_secret_value(), pool_size=pool_size, application_name=NAME
    )
    vault = vault_transactions.connect(
        settings.vault_dsn.get_secret_value(), pool_size=pool_size, application_name=NAME
    )
    if gate:
        gate.guard(store)
        gate.guard(vault)
    return store, vault


def rights_alone(settings: GatewaySettings) -> RightsService:
    """Build the rights service of a gateway by itself, for databases that nothing serves yet."""
    rules = load_rulebook(settings.policies)
    return rights_of(settings, None, keyring_of(settings), lambda: rules, None)


def rights_of(
    settings: GatewaySettings,
    gate: Gate | None,
    keyring: Keyring,
    rulebook: Callable[[], RuleSet],
    resolver: Resolver | None,
) -> RightsService:
    """Build the rights service."""
    # Its own connections: a case reads whole tables, which may take longer than an answer may.
    store, vault = engines_of(settings, gate, CASE_CONNECTIONS)
    rights = vault_transactions.connect(
        settings.rights_dsn.get_secret_value(), pool_size=RIGHTS_CONNECTIONS, application_name=NAME
    )
    if gate:
        gate.guard(rights)
    vault_roles.refuse_overprivileged(rights)
    return RightsService(
        store_engine=store,
        vault_engine=vault,
        rights_engine=rights,
        keyring=keyring,
        rulebook=rulebook,
        resolver=resolver,
        auditor_engine=_auditor(settings),
        origin=settings.origin,
        schedule=settings.schedule,
        journal=JournalFile(settings.erasure_journal),
    )


def _auditor(settings: GatewaySettings) -> Engine | None:
    if settings.auditor_dsn is None:
        return None
    return store_transactions.connect(
        settings.auditor_dsn.get_secret_value(), pool_size=1, application_name="paravent-audit"
    )
