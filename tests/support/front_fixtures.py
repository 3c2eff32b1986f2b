"""One started application for all tests that knock at it, over ASGI: a start takes seconds.

They share it, so each compares what was before with what is after.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.run import Run

if TYPE_CHECKING:
    from tests.support.front import Front


@pytest.fixture(scope="session")
def front(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    from tests.support.front import cloned  # late: it takes the product along

    folder: Path = tmp_path_factory.mktemp("front")
    with cloned(run, folder) as front:
        yield front
