"""How long may a database keep this process waiting?

A server that is frozen, or lies behind a network that swallows packets, neither answers nor hangs
up; the driver would wait for ever, and so would whoever asked.  A connection that has been in use
for too long is therefore hung up from this side: its user finds it broken, as after a crash of the
server, and the next one makes a new connection, to another server if there is one by then.
"""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_LINE: Final = "paravent-line"  # where a pooled connection keeps a second handle on its socket
_LOOK_S: Final = 0.5

log = structlog.get_logger(__name__)


class Patience:
    """Hangs up on connections of the watched engines that are in use for more than *seconds*.

    For engines whose transactions are short by construction.  What is asked of a new connection,
    before anybody uses it, counts as use: the gate, and SQLAlchemy itself, ask it something.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._busy: dict[ConnectionPoolEntry, float] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, engine: Engine) -> None:
        """Watch *engine*: its next connections, and those it has from their next use on."""
        # Before the listeners that ask the server something, which may never answer.
        event.listen(engine, "connect", self._made, insert=True)
        event.listen(engine, "close", _drop_line)
        event.listen(engine, "checkout", self._begun)
        event.listen(engine, "checkin", self._ended)
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="patience", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Watch nothing any more."""
        self._over.set()
        with self._lock:
            self._forget_refused()

    def _made(self, driver: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  the driver's
        with self._lock:
            _keep_line(driver, entry)
            self._busy[entry] = self._clock() + self._seconds

    def _begun(self, driver: Any, entry: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401
        with self._lock:
            if _LINE not in entry.info:  # it was made before anybody watched
                _keep_line(driver, entry)
            # One that was just made for this use has begun then.
            self._busy.setdefault(entry, self._clock() + self._seconds)

    def _ended(self, driver: object, entry: ConnectionPoolEntry) -> None:
        with self._lock:
            self._busy.pop(entry, None)
            if driver is None:  # what is returned is a place without a connection
                _drop_line(driver, entry)

    def hang_up(self) -> int:
        """Hang up on connections in use for too long; give how many."""
        # Under the lock nobody can return a connection, so the one hung up on is still in use.
        with self._lock:
            self._forget_refused()
            now = self._clock()
            late = [entry for entry, until in self._busy.items() if until < now]
            for entry in late:
                _hang_up(entry)
                self._busy[entry] = math.inf  # once is enough
            return len(late)

    def _forget_refused(self) -> None:
        """Let go of what became no connection, for a listener refused it: no event says so."""
        for entry in [entry for entry in self._busy if entry.dbapi_connection is None]:
            del self._busy[entry]
            _drop_line(None, entry)

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            if count := self.hang_up():
                log.warning("database-hung", count=count)


def _keep_line(driver: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  as above
    # A handle of our own: the driver's number may belong to another socket by the time it is used.
    entry.info[_LINE] = socket.socket(fileno=os.dup(driver.fileno()))


def _drop_line(_driver: object, entry: ConnectionPoolEntry) -> None:
    line = entry.info.pop(_LINE, None)
    if line is not None:
        line.close()


def _hang_up(entry: ConnectionPoolEntry) -> None:
    line = entry.info.get(_LINE)
    if line is not None:
        with contextlib.suppress(OSError):  # it broke by itself
            line.shutdown(socket.SHUT_RDWR)
