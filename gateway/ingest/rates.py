"""How many events a second may one source send?  A bucket of tokens each, refilled as time passes.

Counted are events, not requests: a batch costs what it holds.  A batch larger than what is left
waits, so to speak, with its sender: it is refused with the seconds after which it will be taken.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from gateway.errors import RateExceeded

BURST_S: Final = 5.0  # what a source may send at once, in seconds of its rate
MOST_SOURCES: Final = 10_000


class Rates:
    """Buckets by source, of one process.

    Args:
        per_second: events a second of any one source; ``None`` for no limit.
    """

    def __init__(
        self, per_second: float | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_second
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}

    def spend(self, source: int, events: int) -> None:
        """Take *events* out of the source's bucket.

        One batch may overdraw a full bucket, or a batch above the burst would never be taken; what
        it overdrew is waited for by the next.

        Raises:
            RateExceeded: the bucket holds less; nothing was taken out.
        """
        if self._rate is None:
            return
        now, burst = self._clock(), self._rate * BURST_S
        held, since = self._buckets.get(source, (burst, now))
        held = min(burst, held + (now - since) * self._rate)
        if held < min(events, burst):
            raise RateExceeded(math.ceil((min(events, burst) - held) / self._rate))
        if len(self._buckets) >= MOST_SOURCES and source not in self._buckets:
            self._buckets.clear()
        self._buckets[source] = (held - events, now)
