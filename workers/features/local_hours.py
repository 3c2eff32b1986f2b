"""Which hour of the day does an instant fall in, where the shop is?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

QUARTER_US = 15 * 60 * 1_000_000
REMEMBERED = 200_000  # quarters of an hour, about six years; then the memory starts afresh
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LocalHours:
    """The hour of the day in one timezone, remembered per quarter of an hour.

    Every zone since 1972 is offset from UTC by a multiple of fifteen minutes and changes its
    offset on one, so all instants of a quarter share their hour.
    """

    __slots__ = ("_hours", "_zone", "timezone")

    def __init__(self, timezone: str) -> None:
        self.timezone = timezone
        self._zone = ZoneInfo(timezone)
        self._hours: dict[int, int] = {}

    def hour_of(self, at_us: int) -> int:
        """Give the local hour, 0 to 23, of microseconds since 1970 in UTC."""
        quarter = at_us // QUARTER_US
        hour = self._hours.get(quarter)
        return self._look_up(quarter) if hour is None else hour

    def _look_up(self, quarter: int) -> int:
        if len(self._hours) >= REMEMBERED:
            self._hours.clear()
        at = EPOCH + timedelta(microseconds=quarter * QUARTER_US)
        hour = self._hours[quarter] = at.astimezone(self._zone).hour
        return hour
