"""A theatre for every worker of the run, and what makes an ordering repeatable."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

import pytest

from gateway.ingest import service as ingest_service
from pseudonymizer.derive import pid_bytes
from pseudonymizer.vault import buckets, mint
from tests.interleavings.theatre import STEP_US, Theatre, opened
from tests.support.edge import shop_rules
from tests.support.postgres import clone, drop, template
from tests.support.run import Run


@pytest.fixture(scope="session")
def opened_theatre(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    store, vault = (clone(template(run, side)) for side in ("store", "vault"))
    with opened(store, vault, tmp_path_factory.mktemp("keys")) as theatre:
        yield theatre
    for side in (store, vault):
        drop(side)


@pytest.fixture
def theatre(opened_theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> Theatre:
    domains = tuple(shop_rules().domains)

    def bucket(most: int) -> int:
        """Give everybody minted in an ordering one bucket, of which earlier ones know nothing."""
        return opened_theatre.house.edge.now_us // STEP_US % most

    def key(size: int) -> bytes:
        """Draw the key of somebody whose pseudonyms are in the order of the domains.

        They are registered in the order of the pseudonyms and locked in the order of the rows, so
        the one that a statement waits for first is the same in every run.
        """
        while not _ascending(pid_bytes(drawn := secrets.token_bytes(size), domains)):
            pass
        return drawn

    monkeypatch.setattr(ingest_service, "LIVE_EVENTS", 2)  # larger batches take the bulk lane
    monkeypatch.setattr(buckets, "randbelow", bucket)
    monkeypatch.setattr(mint, "token_bytes", key)
    return opened_theatre


def _ascending(pids: Sequence[bytes]) -> bool:
    return list(pids) == sorted(pids)
