"""How often is a transaction tried again that lost to another one?

PostgreSQL breaks a deadlock at the expense of one side, whose transaction is as if it had never
been: running it again is all it takes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from workers.store.errors import StoreBusy

Result = TypeVar("Result")

ATTEMPTS = 8
_STEP_S = 0.02


def uncrossed(work: Callable[[], Result]) -> Result:
    """Run *work*, one transaction on the store, until no other one crosses it.

    Raises:
        StoreBusy: another one did every time.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except StoreBusy:
            pause(attempt)
    return work()


def pause(attempt: int) -> None:
    """Wait a little, a little longer each time, so that two who met do not meet again."""
    time.sleep(random.uniform(0, _STEP_S) * attempt)  # noqa: S311  no secret depends on it
