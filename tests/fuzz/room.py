"""How much memory does this process hold, and does it go on growing?"""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1 << 20


def blocks() -> int:
    """Give how many blocks of memory Python's objects hold: a count, not a measurement."""
    gc.collect()
    return sys.getallocatedblocks()


def resident_mb() -> float:
    """Give how much of this process is in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MEGABYTE


def growth_mb(samples: Sequence[float]) -> float:
    """Say by how much the last quarter of *samples* holds more than the second one."""
    quarter = max(1, len(samples) // 4)
    second, last = samples[quarter : 2 * quarter], samples[-quarter:]
    return sum(last) / len(last) - sum(second) / len(second)
