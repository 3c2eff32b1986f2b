"""How do many requests share one commit, each answered only after it?

Requests hand their decoded events in; a writer thread takes everything that
came while the last commit ran and stores it in one transaction.  There is no
linger: waiting for more to come gained nothing when measured, because the
commit itself is the wait.  The queue is bounded in bytes, so that a stalled
database turns into 429 answers instead of memory.

Small requests come before large ones, and one writer is always kept for them: a
group of thousands of events takes a third of a second, which nobody should wait
who asked for a single one.  Whose turn it is, ``gateway.ingest.turns`` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gateway.errors import QueueFull
from gateway.ingest.turns import Lane, Turn, Turns
from gateway.ingest.waiting import Waiting
from gateway.ingest.wire import Decoded, Request
from policies.errors import KeyUnavailable, StoreUnavailable, VaultUnavailable
from workers.tracing import REQUEST

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

AWAY = (StoreUnavailable, VaultUnavailable, KeyUnavailable)
LARGEST_BODY_BYTES = 500_000  # of a batch; a queue without room for one counts as full
LIVE_EVENTS = 50  # a request with more goes to the bulk lane

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Submission(Request):
    """One request's events on their way to a commit, and who waits for it."""

    done: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop
    span: SpanContext | None = None
    since: float = 0.0

    def settle(self, error: BaseException | None) -> None:
        """Tell the waiting request how its commit went; on the loop's own thread."""
        if self.done.done():  # the client went away; the commit stands all the same
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


def _tell(submissions: Iterable[Submission], error: BaseException | None) -> None:
    """Tell waiting requests how their commit went; called on a writer thread.

    One call a loop, whatever the number of requests: waking a loop costs a system call.
    """
    by_loop: dict[asyncio.AbstractEventLoop, list[Submission]] = {}
    for submission in submissions:
        by_loop.setdefault(submission.loop, []).append(submission)
    for loop, waiting in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, waiting, error)


def _settle(submissions: Iterable[Submission], error: BaseException | None) -> None:
    for submission in submissions:
        submission.settle(error)


Store = Callable[[Sequence[Submission]], None]


class CommitGroups:
    """Writer threads over one bounded queue of submissions."""

    def __init__(self, store: Store, *, writers: int, queue_bytes: int) -> None:
        self._store = store
        self._waiting: Waiting[Submission] = Waiting(queue_bytes)
        self._turns = Turns(writers)
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
        return self._waiting.bytes

    @property
    def waiting_requests(self) -> int:
        """Requests that wait for their commit."""
        return len(self._waiting)

    @property
    def limit_bytes(self) -> int:
        """Bytes that may wait."""
        return self._waiting.limit_bytes

    @property
    def full(self) -> bool:
        """Say whether the next body would be refused, unless it is a small one."""
        return self._waiting.bytes > self._waiting.limit_bytes - LARGEST_BODY_BYTES

    async def submit(self, source: int, decoded: Decoded, received_us: int) -> None:
        """Wait until *decoded* is committed; raise what kept it from being so."""
        loop = asyncio.get_running_loop()
        span = REQUEST.get()
        submission = Submission(source, decoded, received_us, loop.create_future(), loop, span)
        with self._changed:
            if not self._open:
                raise QueueFull("The gateway is stopping; nothing was taken.")
            lane = Lane.BULK if len(decoded.events) > LIVE_EVENTS else Lane.LIVE
            self._waiting.put(submission, lane)
            self._changed.notify()
        try:
            await submission.done
        except asyncio.CancelledError:
            with self._changed:  # nobody waits for it any more: hold nothing in clear
                self._waiting.withdraw(submission)
            raise

    def close(self) -> None:
        """Refuse what comes, commit what waits, stop the threads."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        """Store group after group; whatever goes wrong, the thread lives and everybody is told."""
        while (taken := self._next()) is not None:
            turn, group = taken
            error: Exception | None = None
            try:
                self._stored(group)
            except Exception as unforeseen:  # noqa: BLE001  # who waits for a dead thread waits for ever
                error = unforeseen
            _tell(group, error)  # says nothing to those who have heard
            with self._changed:
                self._turns.done(turn)
                self._changed.notify_all()

    def _stored(self, group: list[Submission]) -> None:
        try:
            self._store(group)
        except Exception as error:  # noqa: BLE001  # a waiting request must get its answer
            self._one_by_one(group, error)

    def _next(self) -> tuple[Turn, list[Submission]] | None:
        """Take what waits in the lane whose turn it is; ``None`` at the end."""
        waiting = self._waiting
        with self._changed:
            while self._open or waiting:
                live, bulk = waiting.has(Lane.LIVE), waiting.has(Lane.BULK)
                turn = self._turns.take(live=live, bulk=bulk)
                if turn is not None:
                    group = waiting.take(turn.lane, events=turn.events)
                    if waiting:
                        self._changed.notify()
                    return turn, group
                self._changed.wait(self._turns.held_s(live=live, bulk=bulk))
        return None

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
                _tell([submission], None)

    def _failed(self, submission: Submission, error: Exception) -> None:
        _tell([submission], error)
        # The class only: a driver's message may quote a row.
        log.warning("commit-failed", error=type(error).__name__)
