"""Whose turn is it?  Requests that wait for a commit, small ones first, each source in its turn.

A source that sends more than can be stored is told to come later: when it has filled its own half
of the room, or when a batch of its has waited so long that the next would hardly be answered in
time.  The others find room, and are not behind it in the queue.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from gateway.errors import QueueFull
from gateway.ingest.turns import Lane
from gateway.ingest.wire import Decoded

SHARE: Final = 0.5  # of the room, for any one source
LONGEST_S: Final = 2.0  # a batch waits; a quarter of the time after which an answer is given up


class Waits(Protocol):
    """What can wait here."""

    source: int
    decoded: Decoded
    since: float


Item = TypeVar("Item", bound=Waits)
Queues = OrderedDict[int, deque[Item]]


class Waiting(Generic[Item]):
    """Two lanes of requests by source, bounded in bytes.  Not safe between threads by itself.

    Args:
        limit_bytes: of decoded bodies, both lanes together.
        clock: seconds, of any origin.
    """

    def __init__(self, limit_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_bytes = limit_bytes
        self._clock = clock
        self.bytes = 0
        self._lanes: tuple[Queues[Item], Queues[Item]] = (OrderedDict(), OrderedDict())
        self._held: dict[int, int] = {}

    def __len__(self) -> int:
        return sum(len(queue) for queues in self._lanes for queue in queues.values())

    def put(self, item: Item, lane: Lane) -> None:
        """Let *item* wait.

        Raises:
            QueueFull: there is no room, its source has its share of it already, or a batch of its
                source has waited for too long.
        """
        queue = self._lanes[lane].get(item.source)
        item.since = self._clock()
        if lane is Lane.BULK and queue and item.since > queue[0].since + LONGEST_S:
            raise QueueFull(
                "A batch of this source waits for its commit since seconds; nothing was taken."
            )
        size = item.decoded.raw_bytes
        held = self._held.get(item.source, 0) + size
        if self.bytes + size > self.limit_bytes:
            raise QueueFull("Too much is waiting for its commit; nothing was taken.")
        if held > self.limit_bytes * SHARE:
            raise QueueFull("Too much of this source waits for its commit; nothing was taken.")
        self._held[item.source] = held
        self.bytes += size
        self._lanes[lane].setdefault(item.source, deque()).append(item)

    def has(self, lane: Lane) -> bool:
        """Say whether anything waits in *lane*."""
        return bool(self._lanes[lane])

    def take(self, lane: Lane, *, events: int) -> list[Item]:
        """Take requests of *lane*, one of each source in turn, until they hold *events*."""
        queues = self._lanes[lane]
        taken: list[Item] = []
        while queues and events > 0:
            source, queue = next(iter(queues.items()))
            item = queue.popleft()
            if queue:
                queues.move_to_end(source)
            else:
                del queues[source]
            self._release(item)
            events -= len(item.decoded.events)
            taken.append(item)
        return taken

    def withdraw(self, item: Item) -> None:
        """Forget *item*, if it still waits."""
        for queues in self._lanes:
            queue = queues.get(item.source)
            if queue is not None and item in queue:
                queue.remove(item)
                if not queue:
                    del queues[item.source]
                self._release(item)

    def _release(self, item: Item) -> None:
        size = item.decoded.raw_bytes
        self.bytes -= size
        held = self._held[item.source] - size
        if held:
            self._held[item.source] = held
        else:
            del self._held[item.source]
