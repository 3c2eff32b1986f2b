"""How is a call ended that its library would let go on for ever?

A PKCS#11 module or an HTTP answer that comes byte by byte knows no end.  So calls run on threads
of our own, and whoever asked waits for no longer than said; the call itself is left behind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from pseudonymizer.errors import KeyUnavailable

__all__ = ["Calls"]

Answer = TypeVar("Answer")
_Work = tuple["Future[Any]", Callable[[], Any]]


class Calls:
    """Runs calls on a few threads, and waits for each for so long.

    The threads are daemons, which those of an executor are not: one that hangs in a module must
    not keep the process from ending.
    """

    def __init__(self, *, threads: int, patience_s: float) -> None:
        self.patience_s = patience_s
        self._threads = threads
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._started = 0
        self._starting = threading.Lock()

    def one(self, call: Callable[[], Answer]) -> Answer:
        """Give what *call* gives.

        Raises:
            KeyUnavailable: it took too long.
        """
        return self.all((call,))[0]

    def all(self, calls: Sequence[Callable[[], Answer]], *, turns: int = 1) -> list[Answer]:
        """Give what each of *calls* gives, in order; after one that fails none is begun.

        Args:
            calls: what to run.
            turns: how many times the patience they have, as so many journeys would.

        Raises:
            KeyUnavailable: they took too long.
        """
        until = time.monotonic() + self.patience_s * turns
        futures: list[Future[Answer]] = [Future() for _ in calls]
        self._start()
        for work in zip(futures, calls, strict=True):
            self._queue.put(work)
        try:
            return [future.result(max(0.0, until - time.monotonic())) for future in futures]
        except TimeoutError:
            # Without its cause, which would be the place in the queue where we waited.
            raise KeyUnavailable(
                "the key service took too long; an answer in time was needed"
            ) from None
        finally:
            for future in futures:
                future.cancel()  # has no effect on those that have begun

    def close(self) -> None:
        """Have the threads end, each after the call it is in."""
        with self._starting:
            for _ in range(self._started):
                self._queue.put(None)
            self._started = 0

    def _start(self) -> None:
        with self._starting:
            while self._started < self._threads:
                threading.Thread(target=self._work, name="key-calls", daemon=True).start()
                self._started += 1

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            future, call = work
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 -- it is the caller's
                future.set_exception(error)
            del future, call, work  # or what was asked would stay in memory until the next
