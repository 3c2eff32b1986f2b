"""Copies of both databases, and the journal that outlives them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine

from gateway.rights.service import RightsService
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.vault.transactions import connect as vault_connect
from tests.support.edge import make_edge
from tests.support.postgres import Database, clone, drop
from tests.support.rights import RightsDesk
from workers.store.transactions import connect as store_connect


class Backup:
    """Both databases as they were, and a desk that works on them."""

    def __init__(self, store: Database, vault: Database, folder: Path) -> None:
        self.store, self.vault = clone(store), clone(vault)
        self._folder = folder
        self._engines: list[Engine] = []

    def desk(self, *, store: Database | None = None, vault: Database | None = None) -> RightsDesk:
        of_store, of_vault = store or self.store, vault or self.vault
        made = [
            store_connect(of_store.dsn(f"paravent_{role}"), pool_size=2, application_name="backup")
            for role in ("gateway", "auditor", "workers")
        ] + [
            vault_connect(of_vault.dsn(f"paravent_{role}"), pool_size=2, application_name="backup")
            for role in ("vault", "gateway")
        ]
        self._engines += made
        gateway, auditor, workers, vault_, rights = made
        edge = make_edge(gateway, vault_, self._folder)
        return RightsDesk(edge, rights, auditor, workers)

    def let_go(self) -> None:
        for engine in self._engines:
            engine.dispose()
        drop(self.store)
        drop(self.vault)


def let_go(*engines: Engine) -> None:
    """Let go of connections: a database is copied while nobody is connected to it."""
    for engine in engines:
        engine.dispose()


def journalling(service: RightsService, journal: JournalFile) -> RightsService:
    service.ports = replace(service.ports, journal=journal)
    return service
