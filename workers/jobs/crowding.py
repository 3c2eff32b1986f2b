"""Does somebody else want the core that a long job works on?

Linux counts how long a thread was ready to run and had no core.  Where nobody counts, nobody is
taken to be there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

# Nanoseconds run, nanoseconds waited, turns (Documentation/scheduler/sched-stats of the kernel).
_COUNTED: Final = Path("/proc/thread-self/schedstat")
NOTABLE: Final = 0.1  # of the time something took; less is the kernel's own


class Crowding:
    """Watches one thread: the one that asks."""

    def __init__(self) -> None:
        self._before_s = _waited_s()

    def noticed(self, took_s: float) -> bool:
        """Say whether this thread waited for a core for a notable share of the last *took_s*."""
        now_s = _waited_s()
        waited_s, self._before_s = now_s - self._before_s, now_s
        return waited_s > NOTABLE * took_s


def _waited_s() -> float:
    try:
        return int(_COUNTED.read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
