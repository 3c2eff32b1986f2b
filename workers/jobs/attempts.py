"""How often is a transaction tried again when the store interrupts it?"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from workers.store.errors import StoreBusy, StoreUnavailable

Result = TypeVar("Result")

ATTEMPTS = 6


def attempted(work: Callable[[], Result]) -> Result:
    """Run one transaction, again after a deadlock or a broken connection.

    Raises:
        StoreBusy, StoreUnavailable: it was so every time.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except (StoreBusy, StoreUnavailable):
            pass
        # Spread out, so that two who met do not meet again.
        time.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311  no secret depends on it
    return work()
