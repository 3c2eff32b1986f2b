"""Embedded servers for tests, in folders that only we can enter."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import EmbeddedBroker, EmbeddedPostgres


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder inside a folder of mode 0700, so that stepping down must cope with it."""
    closed = Path(tempfile.mkdtemp(prefix="paravent-embedded-"))
    yield closed / "data"
    shutil.rmtree(closed)


@pytest.fixture
def postgres(data: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data)
    yield server
    server.stop()


@pytest.fixture
def broker(data: Path) -> Iterator[EmbeddedBroker]:
    server = EmbeddedBroker(data)
    yield server
    server.stop()


@pytest.fixture
def root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root steps down")
