"""The clocks jobs are given."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Clock = Callable[[], int]
Over = Callable[[], bool]
"""Says whether the time a job was given is over."""


def now_us() -> int:
    """Give the present in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def as_us(instant: datetime) -> int:
    """Give an aware instant in microseconds since 1970, exactly."""
    if instant.tzinfo is None:
        raise ValueError("instant has no timezone; pass an aware datetime")
    return (instant - EPOCH) // MICROSECOND


def as_instant(instant_us: int) -> datetime:
    """Give microseconds since 1970 as an aware instant."""
    return EPOCH + instant_us * MICROSECOND


def deadline(seconds: float) -> Over:
    """Give a question that turns true *seconds* from now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def never() -> bool:
    """Say that there is all the time in the world."""
    return False
