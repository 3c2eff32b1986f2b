"""A long job notices that others want its core, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.jobs.crowding import Crowding

BUSY = "while True: pass"


@pytest.fixture
def one_core() -> Iterator[None]:
    """Keep this thread, and whoever it starts, on one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


@pytest.mark.usefixtures("one_core")
def test_who_shares_a_core_notices() -> None:
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    try:
        crowding, began = Crowding(), time.monotonic()
        while time.monotonic() - began < 0.5:
            pass
        assert crowding.noticed()
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_who_waits_for_something_else_notices_nobody() -> None:
    crowding = Crowding()
    time.sleep(0.5)
    assert not crowding.noticed()


def test_where_nobody_counts_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.jobs.crowding._COUNTED", Path("/nowhere"))
    assert not Crowding().noticed()
