"""A disk without a byte left: clients are told to come again, and nothing is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.bench import Bench, benched
from tests.faults.injury import take_all
from tests.faults.small_disk import small_disk
from tests.support.postgres import Database, template
from tests.support.run import Run, Services
from tests.support.servers import start_again, stop_server

DISK_MB = 250  # a cluster, two databases and their write-ahead log take a hundred
ENOUGH = 3  # refusals
MOST = 2_000  # requests until then
LARGE = 60


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk(DISK_MB) as folder:
        if folder is None:
            pytest.skip("a disk is only filled where root may mount a small one")
        folder.chmod(0o711)  # the server walks to its own folder as another account
        yield folder


@pytest.fixture
def server(disk: Path) -> Iterator[tuple[Database, Database]]:
    """Databases on a server of their own, whose files lie on the small disk."""
    run = Run(folder=disk, id="disk", services=Services(None, None, None))
    try:
        yield template(run, "store"), template(run, "vault")
    finally:
        stop_server(disk)


@pytest.fixture
def bench(server: tuple[Database, Database], tmp_path: Path) -> Iterator[Bench]:
    with benched(*server, tmp_path) as bench:
        yield bench


def test_on_a_full_disk_clients_are_told_to_come_again_and_nothing_is_lost(
    bench: Bench, server: tuple[Database, Database], disk: Path
) -> None:
    refused = []
    with full(disk):
        for _ in range(MOST):
            calls = [bench.order(bench.somebody()) for _ in range(LARGE)]
            if bench.deliver(calls) is not None:
                refused.append(calls)
            if len(refused) == ENOUGH:
                break
    assert len(refused) == ENOUGH, "the disk was not full"
    revive(server[0], disk)
    for calls in refused:
        bench.deliver_until_answered(calls)
    bench.assert_kept()


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    take_all(ballast)
    try:
        yield
    finally:
        ballast.unlink()


def revive(database: Database, disk: Path) -> None:
    """Start the server again where it gave up, as whoever supervises it would."""
    try:
        psycopg.connect(database.owner_dsn).close()
    except psycopg.OperationalError:
        start_again(disk)
