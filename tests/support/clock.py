"""Instants for tests.  No test reads the wall clock: it says when it happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday, an hour before a French lunch, far from every change of the clocks."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(instant: datetime) -> int:
    """Give an aware instant as whole microseconds since the epoch, as the hot paths count."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(microseconds: int) -> datetime:
    """Undo :func:`us`."""
    return _EPOCH + timedelta(microseconds=microseconds)


def wire(instant: datetime) -> str:
    """Write an instant the way the client libraries do: ISO 8601, milliseconds, Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Clock:
    """A clock that stands still until it is told how long something took."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def us(self) -> int:
        return us(self.now)

    def pass_time(self, **parts: float) -> datetime:
        """Move on by a timedelta's *parts*, such as ``minutes=31``; give the new instant."""
        self.now += timedelta(**parts)
        return self.now
