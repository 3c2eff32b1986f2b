"""Doing to the processes of an installation what a schedule says."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from gateway.embedded.processes import wait_until
from tests.faults.schedule import UP, Fault, Harm
from tests.support.installation import Installed
from tests.support.outages import PATIENCE_S, children, descendants

FROZEN_S, THAWED_S = 0.04, 0.01  # of a slowed process: it gets a fifth of the time
SMALLEST_BYTES = 4_096
OURS = (
    "select pid, state <> 'idle' from pg_stat_activity"
    " where application_name like 'paravent-%' order by pid"
)


class Injury:
    """Inflicts faults on the children of one `paravent up`, and on its disk where that is small."""

    def __init__(
        self, home: Installed, roll: random.Random, *, disk: Path | None, dsn: str
    ) -> None:
        self._home = home
        self._roll = roll
        self._disk = disk
        self._dsn = dsn

    def pid(self, target: str) -> int | None:
        """Give the process number of *target*, unless it is away just now."""
        if target == UP:
            return self._home.process.pid
        return children(self._home.process.pid).get(target)

    def inflict(self, fault: Fault) -> bool:
        """Do it, wait until it is over, and say whether there was anybody to hit."""
        if fault.harm is Harm.FILL:
            return self._fill(fault.lasts_s)
        if fault.harm is Harm.CUT:
            return self._cut()
        head = self.pid(fault.target)
        if head is None:
            return False
        family = [head, *descendants(head)]
        if fault.harm is Harm.FREEZE:
            with _frozen(family):
                _wait(fault.lasts_s)
        elif fault.harm is Harm.SLOW:
            self._slow(head, fault.lasts_s)
        else:
            return self._kill(fault.harm, family) and (fault.target != UP or self._start_again())
        return True

    def _start_again(self) -> bool:
        """Do what a machine does whose `paravent up` has died."""
        self._home.process.wait()
        return wait_until(self._home.start_again, PATIENCE_S, pause=1.0)

    def _kill(self, harm: Harm, family: list[int]) -> bool:
        head, *limbs = family
        if harm is Harm.MAIM and not limbs:
            return False
        chosen = {Harm.KILL: family, Harm.BEHEAD: [head]}.get(harm) or [self._roll.choice(limbs)]
        for pid in chosen:
            _send(pid, signal.SIGKILL)
        return True

    def _slow(self, head: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with _frozen([head, *descendants(head)]):
                _wait(FROZEN_S)
            _wait(THAWED_S)

    def _cut(self) -> bool:
        """Let PostgreSQL end a connection: one that does something, if there is one."""
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(self._dsn, connect_timeout=2, autocommit=True) as server,
        ):
            rows = server.execute(OURS.encode()).fetchall()
            pids = [pid for pid, busy in rows if busy] or [pid for pid, _ in rows]
            if pids:
                chosen = self._roll.choice(pids)
                server.execute(b"select pg_terminate_backend(%s)", [chosen])
            return bool(pids)
        return False

    def _fill(self, seconds: float) -> bool:
        if self._disk is None:
            return False
        ballast = self._disk / "ballast"
        try:
            take_all(ballast)
            _wait(seconds)
        finally:
            ballast.unlink(missing_ok=True)
        return True


@contextlib.contextmanager
def _frozen(family: list[int]) -> Iterator[None]:
    for pid in family:
        _send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(family):
            _send(pid, signal.SIGCONT)


def take_all(ballast: Path) -> None:
    """Let *ballast* grow until not a page is left."""
    size, taken = 1 << 30, 0
    with ballast.open("wb") as file:
        while size >= SMALLEST_BYTES:
            try:
                os.posix_fallocate(file.fileno(), taken, size)
                taken += size
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
