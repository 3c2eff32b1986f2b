"""Where does the time of a commit group go?

A stopwatch runs while a group is stored.  Whoever ends a stage says so with ``mark``; nobody hands
the stopwatch on, because it belongs to the writer thread.  It costs a clock reading a stage and
group, nothing an event; where no stopwatch runs, a mark does nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Engine, event

from gateway.ingest.wire import Request


class Stage(StrEnum):
    """What is done for a request or a commit group, in this order."""

    DECODE = "decode"  # a request: from its bytes to events
    WAIT = "wait"  # since the group's oldest request came in
    PREPARE = "prepare"  # validate, correct clocks
    VAULT = "vault"  # identifiers to pseudonyms: keys and the vault's transaction
    MINIMISE = "minimise"
    STORE = "store"  # lock, decide, write, fold
    COMMIT = "commit"
    LINK = "link"  # record which identifiers are one person's


class Lap(NamedTuple):
    """One stage of one group: nanoseconds since 1970."""

    stage: Stage
    began_ns: int
    ended_ns: int


@dataclass(slots=True)
class Stopwatch:
    """The laps of one group."""

    requests: int
    events: int
    began_ns: int = field(default_factory=time.time_ns)
    laps: list[Lap] = field(default_factory=list)
    failed: bool = False

    def mark(self, stage: Stage) -> None:
        """Note that *stage* has ended; it began when the one before did."""
        began = self.laps[-1].ended_ns if self.laps else self.began_ns
        self.laps.append(Lap(stage, began, time.time_ns()))

    @property
    def ended_ns(self) -> int:
        """When the last stage ended."""
        return self.laps[-1].ended_ns if self.laps else self.began_ns


class _Thread(threading.local):
    running: Stopwatch | None = None


_thread: Final = _Thread()


def mark(stage: Stage) -> None:
    """Note that *stage* of the group this thread stores has ended."""
    if _thread.running is not None:
        _thread.running.mark(stage)


def mark_before_commit(engine: Engine) -> None:
    """Let the stage of the store end where its commits begin."""
    event.listen(engine, "commit", lambda _connection: mark(Stage.STORE))


@contextmanager
def watched(group: Sequence[Request], report: Callable[[Stopwatch], None]) -> Iterator[None]:
    """Time what is done with *group* in here, and *report* it however it ends."""
    watch = Stopwatch(len(group), sum(len(request.decoded.events) for request in group))
    oldest_us = min((request.received_us for request in group), default=watch.began_ns // 1_000)
    watch.laps.append(Lap(Stage.WAIT, oldest_us * 1_000, watch.began_ns))
    _thread.running = watch
    try:
        yield
    except BaseException:
        watch.failed = True
        raise
    finally:
        _thread.running = None
        report(watch)
