"""Which lane does the next free writer serve, and with how large a group?

All writers share one interpreter, so two groups at once are no faster than one after the other,
but each costs its statements once more: a live group of three requests costs the gateway and
PostgreSQL two thirds of what one of thirty does.  So one live group is written at a time, and what
comes meanwhile is the next.  Only when a group takes unusually long (somebody's row is locked, the
disk is slow) does another writer take what waits behind it.

Beside live requests the bulk lane is given one writer and small groups, since it is the interpreter
that they would fight for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

MOST_EVENTS: Final = 5_000  # measured: past this a commit's cost no longer falls per event
BESIDE_LIVE_EVENTS: Final = 1_000  # of a bulk group while live requests come; two batches
ALONE_S: Final = 0.05  # for so long a live group is written alone: five times what one takes
RECENT_S: Final = 1.0  # since the last live request, for which bulk still makes room


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
class Turns:
    """The groups under way.  Not safe between threads by itself.

    Args:
        writers: how many there are.
        clock: seconds, of any origin.
    """

    writers: int
    clock: Callable[[], float] = time.monotonic
    _live: list[Turn] = field(default_factory=list)
    _bulk: int = 0
    _met_live: float = float("-inf")

    def take(self, *, live: bool, bulk: bool) -> Turn | None:
        """Give a writer its turn, if anything of what waits in the two lanes may be taken now."""
        now = self.clock()
        if live:
            self._met_live = now
            if not self._live or now >= self._live[-1].began + ALONE_S:
                self._live.append(Turn(Lane.LIVE, MOST_EVENTS, now))
                return self._live[-1]
        beside = now < self._met_live + RECENT_S
        if bulk and self._bulk < (1 if beside else max(1, self.writers - 1)):
            self._bulk += 1
            return Turn(Lane.BULK, BESIDE_LIVE_EVENTS if beside else MOST_EVENTS, now)
        return None

    def held_s(self) -> float | None:
        """Give the seconds after which a live request may be taken though no group has ended.

        ``None``: it need not wait for any.
        """
        return max(0.0, self._live[-1].began + ALONE_S - self.clock()) if self._live else None

    def done(self, turn: Turn) -> None:
        """Note that the group of *turn* is stored, or never will be."""
        if turn.lane is Lane.LIVE:
            self._live.remove(turn)
        else:
            self._bulk -= 1
