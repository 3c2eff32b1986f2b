"""Does somebody else want the core that a long job works on?

Linux counts how long a thread was ready to run and had no core.  Where nobody counts, nobody is
taken to be there.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

# Nanoseconds run, nanoseconds waited, turns (Documentation/scheduler/sched-stats of the kernel).
_COUNTED: Final = Path("/proc/thread-self/schedstat")
NOTABLE: Final = 0.1  # of the time that passed; less is the kernel's own


class Crowding:
    """Watches one thread: the one that asks.

    A container held to less than it wants waits as if for others, which is right as well: whoever
    it shares that with comes first.
    """

    def __init__(self) -> None:
        self.anew()

    def anew(self) -> None:
        """Count from now on."""
        self._began_s, self._waited_s = time.monotonic(), _waited_s()

    def noticed(self) -> bool:
        """Say whether this thread waited for a core a notable share of the time; begin anew."""
        began_s, before_s = self._began_s, self._waited_s
        self.anew()
        return self._waited_s - before_s > NOTABLE * (self._began_s - began_s)


def _waited_s() -> float:
    try:
        return int(_COUNTED.read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
