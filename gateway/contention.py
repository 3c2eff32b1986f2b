"""How often is a transaction tried again that lost to another one?

PostgreSQL breaks a deadlock at the expense of one side, whose transaction is as if it had never
been: running it again is all it takes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine

from workers.store.errors import StoreBusy
from workers.store.transactions import transaction

Result = TypeVar("Result")

ATTEMPTS = 8
_STEP_S = 0.02
TRIES: Final = 100  # each waits longer than the one before, and lets the others through between
_LONGEST: Final = 4


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


def between_writers(store: Engine, work: Callable[[Connection, int], Result]) -> Result:
    """Run *work* in a transaction that nobody may write beside; it is told how often it was tried.

    It waits for them by that (``in_force.alone``), a moment at first and a quarter of a second at
    last, so that those who come meanwhile wait no longer either.

    Raises:
        StoreBusy: somebody wrote the whole time.
    """
    for attempt in range(TRIES):
        try:
            with transaction(store) as connection:
                return work(connection, attempt)
        except StoreBusy:
            if attempt == TRIES - 1:
                raise
            pause(min(attempt, _LONGEST))
    raise AssertionError  # the last turn has returned or raised


def pause(attempt: int) -> None:
    """Wait a little, a little longer each time, so that two who met do not meet again."""
    time.sleep(random.uniform(0, _STEP_S) * attempt)  # noqa: S311  no secret depends on it
