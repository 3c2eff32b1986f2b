"""When is an answer given whose work depends on who it is about?  At the next beat, as any other.

A choice of somebody known is written down, one of somebody unknown or erased is not: no padding
makes a commit of nothing.  So the answer waits for the next multiple of the beat since its request
came in; what happened in between, is not in the time it took (R-45).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

BEAT_S: Final = 0.05  # several times what a choice takes on a quiet machine; nobody waits for more


@contextmanager
def paced(
    beat_s: float = BEAT_S,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Let what is done inside end at a multiple of *beat_s* after it began; a refusal at once."""
    began = clock()
    yield
    took = clock() - began
    sleep(max(0.0, max(1, math.ceil(took / beat_s)) * beat_s - took))
