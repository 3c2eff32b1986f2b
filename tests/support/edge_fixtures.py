"""The fixture over :mod:`tests.support.edge`; imported late, because it takes the product along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

if TYPE_CHECKING:
    from tests.support.edge import TestEdge


@pytest.fixture
def edge(store_gateway: Engine, vault_engine: Engine, tmp_path: Path) -> TestEdge:
    from tests.support.edge import make_edge

    return make_edge(store_gateway, vault_engine, tmp_path)
