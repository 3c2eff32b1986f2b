from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.vault import Vault


@pytest.fixture
def vault(vault_engine: Engine, tmp_path: Path) -> Vault:
    """The vault, connected as its run-time role."""
    return Vault.over(vault_engine, tmp_path)
