"""Several things at once, and their failures told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

PATIENCE_S = 120.0  # what hangs is told, not waited for


class Threads:
    """Threads that run until they are done; the first failure is the test's."""

    def __init__(self, acts: Iterable[Callable[[], None]]) -> None:
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(act,), daemon=True) for act in acts
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for all of them; raise what one of them raised."""
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a thread does not end"
        self.check()

    def still_running(self, patience_s: float) -> int:
        """Wait for all of them, so long at most; give how many do not end."""
        until = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.check()
        return sum(thread.is_alive() for thread in self._threads)

    def check(self) -> None:
        """Raise what one of them raised so far."""
        if self._failures:
            raise self._failures[0]

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as failure:  # noqa: BLE001  a thread's failure is the test's
            self._failures.append(failure)


@contextmanager
def meanwhile(acts: Iterable[Callable[[], None]]) -> Iterator[Threads]:
    """Run *acts* beside what follows; wait for them at the end."""
    threads = Threads(acts)
    yield threads
    threads.join()
