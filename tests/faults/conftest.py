"""The bench of the in-process faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench, benched
from tests.support.postgres import Database


@pytest.fixture
def bench(store_database: Database, vault_database: Database, tmp_path: Path) -> Iterator[Bench]:
    with benched(store_database, vault_database, tmp_path) as bench:
        yield bench
