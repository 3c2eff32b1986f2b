"""Fixtures over :mod:`tests.support.transit`; one server for each process that runs tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.transit import Mount, Service


@pytest.fixture(scope="session")
def key_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    from tests.support.transit import served  # late: it takes the product along

    with served(tmp_path_factory.mktemp("bao")) as service:
        yield service


@pytest.fixture
def mount(key_service: Service, tmp_path: Path) -> Mount:
    return key_service.mount(tmp_path)
