"""One started application for all tests of the interface, over ASGI: a start takes seconds.

They share it, so each compares what was before with what is after.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.front import Front, started
from tests.support.postgres import clone, drop, template
from tests.support.run import Run


@pytest.fixture(scope="session")
def front(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder: Path = tmp_path_factory.mktemp("front")
    store, vault = (clone(template(run, side)) for side in ("store", "vault"))
    with started(store, vault, folder) as front:
        yield front
    drop(store)
    drop(vault)
