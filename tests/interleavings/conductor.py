"""Lets exactly one actor run one statement at a time, as somebody decides.

Actors are threads that run the product.  Each is stopped at every statement it sends (``gates``).
Once all of them stand still, one is chosen and its statement let through; the next choice is made
when everybody stands still again.  So an ordering is a list of choices, and the same list is the
same ordering.

A statement that waits for somebody else's lock is left waiting, and another actor chosen; it
goes on by itself once its lock is free.  A deadlock is PostgreSQL's to break, at the expense of
whoever closed it: the databases look for one after a millisecond, before we have even noticed
that somebody waits.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from tests.interleavings.blockades import Blockades
from tests.interleavings.gates import GatedLine
from tests.interleavings.touching import NOTHING, Touch
from tests.support.wire import End, Line

GRACE_S = 0.004  # a statement that has not been answered by then may be waiting for a lock
PATIENCE_S = 30.0

Act = Callable[[], None]


class Stuck(AssertionError):
    """Nobody can go on, and PostgreSQL breaks no deadlock."""


class Standing(Enum):
    """Where an actor is."""

    BUSY = "busy"  # its thread computes, or PostgreSQL does
    READY = "ready"  # stopped before a statement
    BLOCKED = "blocked"  # its statement waits for a lock
    ENDED = "ended"


class Point(NamedTuple):
    """Everybody stands still: who may go on, with what, and who went on before."""

    ready: Mapping[str, Touch]
    last: str | None
    says: Mapping[str, str]


Choose = Callable[[Point], str]


@dataclass(slots=True)
class _Actor:
    standing: Standing = Standing.BUSY
    line: GatedLine | None = None
    text: str = ""
    touch: Touch = NOTHING
    waited: bool = False  # was seen to wait for a lock a moment ago
    backends: set[int] = field(default_factory=set)
    go: asyncio.Event = field(default_factory=asyncio.Event)


class Conductor:
    """Runs acts side by side, statement by statement."""

    def __init__(self, blockades: Blockades) -> None:
        self._blockades = blockades
        self._actors: dict[str, _Actor] = {}
        self._failures: dict[str, BaseException] = {}
        self._changed = asyncio.Event()
        self._released = False  # somebody's locks were, since we looked who waits
        self._loop: asyncio.AbstractEventLoop | None = None
        self.deadlocks = 0

    def line(self, client: End, server: End) -> Line:
        """Give a line on which actors are stopped."""
        return GatedLine(client, server, self)

    def play(
        self, loop: asyncio.AbstractEventLoop, acts: Mapping[str, Act], choose: Choose
    ) -> dict[str, BaseException]:
        """Run *acts*, by the names of their connections; give what was raised, by name."""
        self._loop = loop
        playing = asyncio.run_coroutine_threadsafe(self._play(acts, choose), loop)
        return playing.result(2 * PATIENCE_S)

    # What lines tell, in the loop's thread.

    def knows(self, name: str) -> bool:
        """Say whether *name* is an actor's, and on the stage now."""
        return name in self._actors

    async def arrived(self, line: GatedLine, text: str, touch: Touch) -> None:
        """Wait until *text* may be sent."""
        actor = self._actors[line.owner]
        actor.standing, actor.line, actor.text, actor.touch = Standing.READY, line, text, touch
        actor.backends.add(line.backend)
        actor.go.clear()
        self._changed.set()
        await actor.go.wait()

    def done(self, line: GatedLine, *, ended: bool) -> None:
        """Take note that the statement on *line* was answered, and perhaps gave locks back."""
        self._released |= ended
        actor = self._actors.get(line.owner)
        if actor is not None:
            actor.standing = Standing.BUSY
            self._changed.set()

    # The loop's own.

    async def _play(self, acts: Mapping[str, Act], choose: Choose) -> dict[str, BaseException]:
        self._failures = {}
        self._actors = {name: _Actor() for name in acts}
        for name, act in acts.items():
            threading.Thread(target=self._run, args=(name, act), daemon=True).start()
        last = None
        try:
            while True:
                await self._stand_still()
                ready = {n: a for n, a in self._actors.items() if a.standing is Standing.READY}
                if not ready:
                    return self._failures
                last = choose(
                    Point(
                        {name: actor.touch for name, actor in ready.items()},
                        last,
                        {name: actor.text for name, actor in ready.items()},
                    )
                )
                ready[last].standing, ready[last].waited = Standing.BUSY, False
                ready[last].go.set()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Let whoever is still on the stage run on by themselves: a failure was found."""
        actors, self._actors = self._actors, {}
        for actor in actors.values():
            actor.go.set()

    def _run(self, name: str, act: Act) -> None:
        try:
            act()
        except BaseException as failure:  # noqa: BLE001  a thread's failure is the ordering's
            self._failures[name] = failure
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._ended, name)

    def _ended(self, name: str) -> None:
        actor = self._actors.get(name)
        if actor is not None:
            actor.standing = Standing.ENDED
            self._changed.set()

    async def _stand_still(self) -> None:
        """Wait until everybody is ready, blocked or at the end, and somebody not blocked."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if self._released:
                self._released = False
                self._wake()
            standings = [actor.standing for actor in self._actors.values()]
            waiting = Standing.BLOCKED in standings and Standing.READY not in standings
            if Standing.BUSY not in standings and not waiting:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), GRACE_S)
            except TimeoutError:
                self._look()
            if time.monotonic() > deadline:
                raise Stuck(self._told())

    def _look(self) -> None:
        """Find out who of the busy waits for a lock of somebody on the stage."""
        ours = {backend for actor in self._actors.values() for backend in actor.backends}
        for actor in self._actors.values():
            if actor.standing is Standing.BUSY and actor.line is not None and actor.go.is_set():
                blockers = self._blockades.of(actor.line.backend)
                waits = bool(blockers) and blockers <= ours
                # Seen twice: by then PostgreSQL has looked for a deadlock that it would close.
                if waits and actor.waited:
                    actor.standing = Standing.BLOCKED
                actor.waited = waits

    def _wake(self) -> None:
        """Find out who of the blocked waits no longer."""
        for actor in self._actors.values():
            if actor.standing is not Standing.BLOCKED or actor.line is None:
                continue
            if not self._blockades.of(actor.line.backend):
                actor.standing, actor.waited = Standing.BUSY, False

    def _told(self) -> str:
        return "; ".join(
            f"{name} is {actor.standing.value} at {actor.text[:80]!r}"
            for name, actor in self._actors.items()
        )
