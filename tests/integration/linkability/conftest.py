"""A rights desk over fresh databases, connected as the run-time roles."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.support.edge import TestEdge
from tests.support.rights import RightsDesk


@pytest.fixture
def desk(
    edge: TestEdge, rights_engine: Engine, store_auditor: Engine, store_workers: Engine
) -> RightsDesk:
    return RightsDesk(edge, rights_engine, store_auditor, store_workers)
