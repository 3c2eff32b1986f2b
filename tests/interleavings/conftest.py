"""A theatre for every worker of the run, and what makes an ordering repeatable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.ingest import service as ingest_service
from pseudonymizer.vault import buckets
from tests.interleavings.theatre import Theatre, opened
from tests.support.postgres import clone, drop, template
from tests.support.run import Run


@pytest.fixture(scope="session")
def house_of(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    sides = [clone(template(run, side)) for side in ("store", "vault")]
    with opened(*sides, tmp_path_factory.mktemp("keys")) as theatre:
        yield theatre
    for side in sides:
        drop(side)


@pytest.fixture
def theatre(house_of: Theatre, monkeypatch: pytest.MonkeyPatch) -> Theatre:
    monkeypatch.setattr(ingest_service, "LIVE_EVENTS", 2)  # larger batches take the bulk lane
    # Everybody who is minted in an ordering shares one bucket, of which earlier ones know nothing.
    monkeypatch.setattr(
        buckets, "randbelow", lambda most: house_of.house.edge.now_us // 10_000 % most
    )
    return house_of
