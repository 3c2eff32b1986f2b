"""The supervisor restarts the dead with patience, and stops everything in order."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from gateway.embedded.processes import wait_until
from gateway.supervisor import (
    AWAY,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    STARTED_SECONDS,
    STEADY_SECONDS,
    Child,
    Supervisor,
)
from policies.errors import StoreUnavailable


class Lamp:
    """A service that burns until somebody blows it out."""

    def __init__(self, name: str, order: list[str]) -> None:
        self.name = name
        self.order = order
        self.burning = False
        self.broken = False

    @property
    def pid(self) -> int | None:
        return 1 if self.burning else None

    def start(self) -> None:
        if self.broken:
            raise StoreUnavailable("the lamp has no oil; oil was needed")
        self.burning = True
        self.order.append(f"start {self.name}")

    def alive(self) -> bool:
        return self.burning

    def stop(self) -> None:
        self.burning = False
        self.order.append(f"stop {self.name}")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def order() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(clock: Clock, said: list[str]) -> Supervisor:
    return Supervisor(said.append, clock=clock)


def test_what_started_last_stops_first(supervisor: Supervisor, order: list[str]) -> None:
    for name in ("postgres", "worker", "gateway"):
        supervisor.start(name, Lamp(name, order))
    supervisor.stop()
    assert order[3:] == ["stop gateway", "stop worker", "stop postgres"]
    supervisor.stop()
    assert len(order) == 6


def test_the_dead_come_back_after_a_pause(
    supervisor: Supervisor, clock: Clock, order: list[str]
) -> None:
    lamp = Lamp("worker", order)
    supervisor.start("worker", lamp)
    lamp.burning = False
    supervisor.tend()
    assert supervisor.states() == {"worker": None}
    clock.now += FIRST_PAUSE_SECONDS
    supervisor.tend()
    assert lamp.burning


def test_the_pause_grows_with_every_death_and_is_bounded(
    supervisor: Supervisor, clock: Clock, order: list[str], said: list[str]
) -> None:
    lamp = Lamp("worker", order)
    supervisor.start("worker", lamp)
    for _ in range(12):
        lamp.burning = False
        supervisor.tend()
        clock.now += LONGEST_PAUSE_SECONDS
        supervisor.tend()
        assert lamp.burning
    pauses = [float(line.split()[-2]) for line in said]
    assert pauses == sorted(pauses)
    assert pauses[0] == FIRST_PAUSE_SECONDS
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_a_successor_takes_over_once_it_is_ready(supervisor: Supervisor, order: list[str]) -> None:
    supervisor.start("gateway", Lamp("old", order))
    assert supervisor.replace("gateway", Lamp("new", order), lambda: True)
    assert order == ["start old", "start new", "stop old"]
    supervisor.stop()
    assert order[3:] == ["stop new"]


def test_a_successor_that_ends_leaves_everything_as_it_was(
    supervisor: Supervisor, order: list[str], said: list[str]
) -> None:
    supervisor.start("gateway", Lamp("old", order))
    successor = Lamp("new", order)

    def looked() -> bool:
        successor.burning = False  # it ends while somebody waits for it
        return False

    assert not supervisor.replace("gateway", successor, looked)
    assert order == ["start old", "start new", "stop new"]
    assert supervisor.states() == {"gateway": 1}
    assert "stays as it is" in said[-1]


def test_the_others_are_tended_while_a_successor_starts(
    supervisor: Supervisor, clock: Clock, order: list[str]
) -> None:
    broker = Lamp("broker", order)
    supervisor.start("broker", broker)
    supervisor.start("gateway", Lamp("old", order))
    broker.burning = False

    def looked() -> bool:
        clock.now += FIRST_PAUSE_SECONDS
        return broker.burning

    assert supervisor.replace("gateway", Lamp("new", order), looked)
    assert broker.burning


def test_whoever_ran_steadily_is_forgiven(
    supervisor: Supervisor, clock: Clock, order: list[str], said: list[str]
) -> None:
    lamp = Lamp("worker", order)
    supervisor.start("worker", lamp)
    for _ in range(2):
        lamp.burning = False
        supervisor.tend()
        clock.now += STEADY_SECONDS
        supervisor.tend()
        clock.now += STEADY_SECONDS
    assert len({line.split()[-2] for line in said}) == 1


def test_whoever_is_killed_at_work_is_away_for_a_tenth_of_the_time_it_ran(
    supervisor: Supervisor, clock: Clock, order: list[str], said: list[str]
) -> None:
    lamp = Lamp("worker", order)
    supervisor.start("worker", lamp)
    lives_s = [3.0] * 5 + [15.0, 12.0, 4.0, 30.0, 8.0, 8.0, 10.0, 59.0] * 3
    for lived_s in lives_s:
        clock.now += lived_s
        lamp.burning = False
        supervisor.tend()
        clock.now += float(said[-1].split()[-2])
        supervisor.tend()
        assert lamp.burning
    pauses = [float(line.split()[-2]) for line in said]
    assert pauses[:5] == [FIRST_PAUSE_SECONDS * 2**deaths for deaths in range(5)]
    for pause, lived_s in zip(pauses, lives_s, strict=True):
        assert lived_s < STARTED_SECONDS or pause <= AWAY * lived_s


def test_a_start_that_fails_is_tried_again(
    supervisor: Supervisor, clock: Clock, order: list[str], said: list[str]
) -> None:
    lamp = Lamp("postgres", order)
    supervisor.start("postgres", lamp)
    lamp.burning, lamp.broken = False, True
    supervisor.tend()
    clock.now += FIRST_PAUSE_SECONDS
    supervisor.tend()
    assert "cannot start yet" in said[-1]
    lamp.broken = False
    supervisor.tend()
    clock.now += LONGEST_PAUSE_SECONDS
    supervisor.tend()
    assert lamp.burning


def child(tmp_path: Path, program: str) -> Child:
    argv = [sys.executable, "-c", program]
    return Child(argv, {"ONLY": "this"}, folder=tmp_path, log=tmp_path / "child.log")


def test_a_child_has_its_own_environment_and_a_closed_log(tmp_path: Path) -> None:
    process = child(tmp_path, "import os; print(sorted(os.environ))")
    process.start()
    assert wait_until(lambda: not process.alive(), 10)
    log = tmp_path / "child.log"
    assert set(eval(log.read_text())) <= {"ONLY", "LC_CTYPE"}  # noqa: S307 - our own line
    assert log.stat().st_mode & 0o077 == 0


def test_a_child_that_will_not_stop_is_killed_with_its_own_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.supervisor.LADDER", ((signal.SIGTERM, 0.2),))
    process = child(tmp_path, "import os, signal, time\n"
                    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                    "print(os.fork() or os.getpid(), flush=True)\ntime.sleep(60)\n")  # fmt: skip
    process.start()
    log = tmp_path / "child.log"
    assert wait_until(lambda: len(log.read_text().split()) == 2, 10)
    process.stop()
    for pid in map(int, log.read_text().split()):
        command = Path(f"/proc/{pid}/cmdline")
        assert wait_until(lambda at=command: not at.exists() or not at.read_bytes(), 5)


def test_a_child_is_out_of_reach_of_the_terminals_interrupt(tmp_path: Path) -> None:
    process = child(tmp_path, "import time; time.sleep(60)")
    process.start()
    try:
        assert process.pid is not None
        assert os.getpgid(process.pid) != os.getpgid(0)
    finally:
        process.stop()
