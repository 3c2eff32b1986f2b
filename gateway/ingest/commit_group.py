"""How do many requests share one commit, each answered only after it?

Requests hand their decoded events in; a writer thread takes everything that
came while the last commit ran and stores it in one transaction.  There is no
linger: waiting for more to come gained nothing when measured, because the
commit itself is the wait.  The queue is bounded in bytes, so that a stalled
database turns into 429 answers instead of memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gateway.errors import QueueFull
from gateway.ingest.wire import Decoded, Request
from policies.errors import KeyUnavailable, StoreUnavailable, VaultUnavailable
from workers.tracing import REQUEST

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

AWAY = (StoreUnavailable, VaultUnavailable, KeyUnavailable)
LARGEST_BODY_BYTES = 500_000  # of a batch; a queue without room for one counts as full
MAX_GROUP_EVENTS = 5_000  # measured: past this a commit's cost no longer falls per event

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Submission(Request):
    """One request's events on their way to a commit, and who waits for it."""

    done: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop
    span: SpanContext | None = None

    def settle(self, error: BaseException | None) -> None:
        """Tell the waiting request how its commit went; called on a writer thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._settle, error)

    def _settle(self, error: BaseException | None) -> None:
        if self.done.done():  # the client went away; the commit stands all the same
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


Store = Callable[[Sequence[Submission]], None]


class CommitGroups:
    """Writer threads over one bounded queue of submissions."""

    def __init__(self, store: Store, *, writers: int, queue_bytes: int) -> None:
        self._store = store
        self._limit = queue_bytes
        self._waiting: deque[Submission] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._open = True
        self._threads = [
            threading.Thread(target=self._write, name=f"commit-{number}", daemon=True)
            for number in range(writers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting_bytes(self) -> int:
        """Bytes of decoded bodies that wait for their commit."""
        return self._bytes

    @property
    def waiting_requests(self) -> int:
        """Requests that wait for their commit."""
        return len(self._waiting)

    @property
    def limit_bytes(self) -> int:
        """Bytes that may wait."""
        return self._limit

    @property
    def full(self) -> bool:
        """Say whether the next body would be refused, unless it is a small one."""
        return self._bytes > self._limit - LARGEST_BODY_BYTES

    async def submit(self, source: int, decoded: Decoded, received_us: int) -> None:
        """Wait until *decoded* is committed; raise what kept it from being so."""
        loop = asyncio.get_running_loop()
        span = REQUEST.get()
        submission = Submission(source, decoded, received_us, loop.create_future(), loop, span)
        with self._changed:
            if not self._open or self._bytes + decoded.raw_bytes > self._limit:
                raise QueueFull("Too much is waiting for its commit; nothing was taken.")
            self._waiting.append(submission)
            self._bytes += decoded.raw_bytes
            self._changed.notify()
        try:
            await submission.done
        except asyncio.CancelledError:
            self._withdraw(submission)  # nobody waits for it any more: hold nothing in clear
            raise

    def _withdraw(self, submission: Submission) -> None:
        with self._changed:
            if submission in self._waiting:
                self._waiting.remove(submission)
                self._bytes -= submission.decoded.raw_bytes

    def close(self) -> None:
        """Refuse what comes, commit what waits, stop the threads."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        """Store group after group; whatever goes wrong, the thread lives and everybody is told."""
        while group := self._next():
            error: Exception | None = None
            try:
                self._stored(group)
            except Exception as unforeseen:  # noqa: BLE001  # who waits for a dead thread waits for ever
                error = unforeseen
            for submission in group:
                submission.settle(error)  # says nothing to those who have heard

    def _stored(self, group: list[Submission]) -> None:
        try:
            self._store(group)
        except Exception as error:  # noqa: BLE001  # a waiting request must get its answer
            self._one_by_one(group, error)

    def _next(self) -> list[Submission]:
        """Take all that waits, up to the size at which a larger group gains nothing."""
        with self._changed:
            while not self._waiting and self._open:
                self._changed.wait()
            group: list[Submission] = []
            events = 0
            while self._waiting and events < MAX_GROUP_EVENTS:
                submission = self._waiting.popleft()
                self._bytes -= submission.decoded.raw_bytes
                events += len(submission.decoded.events)
                group.append(submission)
            if self._waiting:
                self._changed.notify()
            return group

    def _one_by_one(self, group: list[Submission], error: Exception) -> None:
        """After a failed group, let each request succeed or fail for itself.

        What is away for one is away for all, so an outage is answered at once.
        """
        outage = isinstance(error, AWAY)
        for submission in group:
            if outage or len(group) == 1:
                self._failed(submission, error)
                continue
            try:
                self._store([submission])
            except Exception as own:  # noqa: BLE001  # as above
                self._failed(submission, own)
            else:
                submission.settle(None)

    def _failed(self, submission: Submission, error: Exception) -> None:
        submission.settle(error)
        # The class only: a driver's message may quote a row.
        log.warning("commit-failed", error=type(error).__name__)
