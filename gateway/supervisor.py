"""Who keeps the processes of an installation running, and stops them in order?"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.embedded import processes
from policies.errors import ParaventError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

FIRST_PAUSE_SECONDS = 0.25  # most deaths are one-off; the next start should hardly be noticed
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # whoever ran this long starts again with the first pause
# A start that fails does so before; it waits longer and longer.  Whoever got over it and is killed
# in the middle of its work is away for a tenth of the time it ran, at most.
STARTED_SECONDS = 10.0
AWAY = 0.1
READY_SECONDS = 90.0  # a cold start imports much; a warm one takes three seconds
LADDER = ((signal.SIGTERM, 25.0),)  # a worker finishes its task, a gateway its answers


class Service(Protocol):
    """Something that runs, may die, and can be started again: a child, or an embedded server."""

    @property
    def pid(self) -> int | None:
        """Give its process number while it runs."""

    def start(self) -> object:
        """Start it, clearing away what a death left."""

    def alive(self) -> bool:
        """Say whether it runs."""

    def stop(self) -> None:
        """Stop it in order; stopping what does not run does nothing."""


class Child:
    """One of our own processes, with an environment of its own."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        *,
        folder: Path,
        log: Path,
        inherited: tuple[int, ...] = (),
    ) -> None:
        self._launch = processes.Launch(
            argv=argv, environment=environment, folder=folder, log=log, inherited=inherited
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.log = log

    @property
    def pid(self) -> int | None:
        """Give its process number while it runs."""
        return self._process.pid if self._process and self.alive() else None

    def start(self) -> None:
        """Start it, after what the one before left in its session."""
        self._sweep()
        self._process = processes.spawn(self._launch)

    def alive(self) -> bool:
        """Say whether it runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end; after the ladder's seconds, end it."""
        if self._process is not None:
            processes.stop(self._process, LADDER)
            self._sweep()
            self._process = None

    def _sweep(self) -> None:
        """End what a child that died left behind: a pool process without its master."""
        if self._process is not None:
            self._process.poll()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


@dataclass(slots=True)
class _Tended:
    name: str
    service: Service
    started_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    due_at: float | None = None  # when to start it again

    def forgive(self, ran_s: float) -> None:
        """Shorten the next pause for having run so long."""
        if ran_s >= STEADY_SECONDS:
            self.pause = FIRST_PAUSE_SECONDS
        elif ran_s >= STARTED_SECONDS:
            self.pause = max(FIRST_PAUSE_SECONDS, min(self.pause, AWAY * ran_s))


class Supervisor:
    """Starts services in the order given, restarts the dead, stops in the opposite order.

    Single-threaded, and to be used from the main thread: children end with the thread that
    started them.
    """

    def __init__(
        self, announce: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._announce = announce
        self._clock = clock
        self._tended: list[_Tended] = []

    def start(self, name: str, service: Service) -> None:
        """Start *service* and tend it from now on."""
        self._tended.append(_Tended(name, service, started_at=self._clock()))
        service.start()

    def states(self) -> dict[str, int | None]:
        """Give the process number of each service; ``None`` where it does not run now."""
        return {tended.name: tended.service.pid for tended in self._tended}

    def tend(self) -> None:
        """Look at every service once; start again whoever died and has waited its pause."""
        for tended in self._tended:
            if not tended.service.alive():
                self._revive(tended)

    def replace(self, name: str, successor: Service, ready: Callable[[], bool]) -> bool:
        """Start *successor*, and once it is *ready* stop the *name* it takes over from.

        Everything else is tended meanwhile.  One that ends, or is not ready in time, is stopped
        again and the one before stays; ``False`` says so.
        """
        place = next(tended for tended in self._tended if tended.name == name)

        def decided() -> bool:
            self.tend()
            return ready() or not successor.alive()

        successor.start()
        processes.wait_until(decided, READY_SECONDS, pause=0.05)
        if not (successor.alive() and ready()):
            successor.stop()
            self._announce(f"{name} stays as it is: its successor did not become ready")
            return False
        before, place.service = place.service, successor
        place.started_at, place.due_at = self._clock(), None
        before.stop()
        return True

    def renew(self, name: str) -> None:
        """Stop *name* and start it again; for what nobody waits for."""
        service = next(tended.service for tended in self._tended if tended.name == name)
        service.stop()
        service.start()

    def _revive(self, tended: _Tended) -> None:
        now = self._clock()
        if tended.due_at is None:
            tended.forgive(now - tended.started_at)
            tended.due_at = now + tended.pause
            self._announce(f"{tended.name} ended; starting it again in {tended.pause:g} s")
            tended.pause = min(tended.pause * 2, LONGEST_PAUSE_SECONDS)
        if now < tended.due_at:
            return
        tended.due_at = None
        tended.started_at = now
        try:
            tended.service.start()
        except ParaventError as failure:
            self._announce(f"{tended.name} cannot start yet: {failure}")

    def stop(self) -> None:
        """Stop every service, the last started first."""
        while self._tended:
            tended = self._tended.pop()
            tended.service.stop()
