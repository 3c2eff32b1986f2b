"""A rights desk over fresh databases, connected as the run-time roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pseudonymizer.journal_file import JournalFile
from tests.support.backup import Backup, journalling, let_go
from tests.support.builders import GRACE
from tests.support.edge import TestEdge
from tests.support.postgres import Database
from tests.support.rights import RightsDesk, seed_everywhere


@pytest.fixture
def desk(
    edge: TestEdge, rights_engine: Engine, store_auditor: Engine, store_workers: Engine
) -> RightsDesk:
    return RightsDesk(edge, rights_engine, store_auditor, store_workers)


@pytest.fixture
def file(desk: RightsDesk, tmp_path: Path) -> JournalFile:
    journal = JournalFile(tmp_path / "erasures.jsonl")
    journal.make()
    journalling(desk.service, journal)
    return journal


@pytest.fixture
def backup(
    desk: RightsDesk, store_database: Database, vault_database: Database, tmp_path: Path
) -> Iterator[Backup]:
    """Seed two people, and copy everything before anybody is erased."""
    seed_everywhere(desk)
    seed_everywhere(desk, GRACE)
    let_go(desk.edge.store, desk.edge.vault, desk.rights, desk.auditor, desk.workers)
    copied = Backup(store_database, vault_database, tmp_path)
    yield copied
    copied.let_go()
