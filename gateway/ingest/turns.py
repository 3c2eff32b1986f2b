"""Which lane does the next free writer serve, and with how large a group?

All writers share one interpreter, so two groups at once are no faster than one after the other,
but each costs its statements once more: a live group of three requests costs the gateway and
PostgreSQL two thirds of what one of thirty does.  So one live group is written at a time, and what
comes meanwhile is the next.  Only when a group takes unusually long (somebody's row is locked, the
disk is slow) does another writer take what waits behind it.

Beside live requests the bulk lane writes small groups, and those in turn with the live ones: a
thread that goes through hundreds of events lends the interpreter out every five milliseconds only,
and a live group asks for it after each of a dozen answers of PostgreSQL.  Taking turns, a live
request waits for one small group of bulk; side by side, each of its statements waits for a part of
one.  While the live lane is busy a group of bulk is followed by a rest as long as itself: bulk has
half of the time at most, and where that is too little for what comes its queue says no.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

MOST_EVENTS: Final = 5_000  # measured: past this a commit's cost no longer falls per event
BESIDE_LIVE_EVENTS: Final = 500  # of a bulk group while live requests come; one batch of a library
ALONE_S: Final = 0.05  # for so long a group is waited for: five times what a live one takes
RECENT_S: Final = 1.0  # since the last live request, for which bulk still makes room
BUSY: Final = 0.1  # of the last second: what makes the live lane a busy one
STUCK_S: Final = 1.0  # after which bulk no longer waits for the end of a live group


class Lane(IntEnum):
    """Small requests, and large ones."""

    LIVE = 0
    BULK = 1


class Turn(NamedTuple):
    """What a writer may take: a lane, how many events of it, and since when (seconds)."""

    lane: Lane
    events: int
    began: float


@dataclass(slots=True)
class Load:
    """How much of the last second was spent on something: older seconds count for ever less."""

    _seconds: float = 0.0
    _at: float = 0.0

    def add(self, now: float, seconds: float) -> None:
        """Note that *seconds* of work end now."""
        self._seconds, self._at = self.share(now) + seconds, now

    def share(self, now: float) -> float:
        """Give the part of the last second, from 0 to about 1."""
        return self._seconds * math.exp(self._at - now)


@dataclass(slots=True)
class Turns:
    """The groups under way.  Not safe between threads by itself.

    Args:
        writers: how many there are.
        clock: seconds, of any origin.
    """

    writers: int
    clock: Callable[[], float] = time.monotonic
    _under_way: list[Turn] = field(default_factory=list)
    _met_live: float = float("-inf")
    _last: Lane = Lane.BULK
    _rested: float = float("-inf")
    _live: Load = field(default_factory=Load)

    def take(self, *, live: bool, bulk: bool) -> Turn | None:
        """Give a writer its turn, if anything of what waits in the two lanes may be taken now."""
        now = self.clock()
        if live:
            self._met_live = now
        may = []
        if live and now >= self._live_from():
            may.append(Turn(Lane.LIVE, MOST_EVENTS, now))
        if bulk and now >= self._bulk_from():
            alone = now >= self._met_live + RECENT_S
            may.append(Turn(Lane.BULK, MOST_EVENTS if alone else BESIDE_LIVE_EVENTS, now))
        if not may:
            return None
        # Where both may, it is the turn of the lane that did not have the last one.
        turn = may[0] if self._last is Lane.BULK else may[-1]
        self._under_way.append(turn)
        self._last = turn.lane
        return turn

    def held_s(self, *, live: bool, bulk: bool) -> float | None:
        """Give the seconds after which something may be taken though no group has ended.

        ``None``: only the end of a group or another request changes anything.
        """
        froms = [self._live_from()] if live else []
        froms += [self._bulk_from()] if bulk else []
        first = min(froms, default=math.inf)
        return None if first == math.inf else max(0.0, first - self.clock())

    def done(self, turn: Turn) -> None:
        """Note that the group of *turn* is stored, or never will be."""
        self._under_way.remove(turn)
        now = self.clock()
        if turn.lane is Lane.LIVE:
            self._live.add(now, now - turn.began)
        elif self._live.share(now) > BUSY:
            self._rested = now + (now - turn.began)

    def _live_from(self) -> float:
        """Give the instant from which a live group may begin: no large group of bulk is awaited."""
        awaited = [
            turn.began
            for turn in self._under_way
            if turn.lane is Lane.LIVE or turn.events <= BESIDE_LIVE_EVENTS
        ]
        return awaited[-1] + ALONE_S if awaited else -math.inf

    def _bulk_from(self) -> float:
        """Give the instant from which a bulk group may begin."""
        busy = sum(turn.lane is Lane.BULK for turn in self._under_way)
        if busy >= max(1, self.writers - 1):
            return math.inf
        beside = math.inf
        if not busy:
            beside = self._under_way[-1].began + STUCK_S if self._under_way else -math.inf
        return min(max(beside, self._rested), self._met_live + RECENT_S)
