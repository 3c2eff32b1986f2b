"""When a version of the wrapping key is made and when it ends, and what a receipt may promise."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pseudonymizer.ratchet import Schedule, ended

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SCHEDULE = Schedule(every=7 * DAY, window=30 * DAY, copies=7 * DAY)
PERIODS = st.integers(1, 400).map(lambda hours: timedelta(hours=hours))


def test_a_version_is_replaced_once_it_is_as_old_as_the_schedule_says() -> None:
    assert not SCHEDULE.due(NOW - 7 * DAY + timedelta(seconds=1), NOW)
    assert SCHEDULE.due(NOW - 7 * DAY, NOW)


def test_old_versions_end_after_their_window_oldest_first() -> None:
    old = {3: NOW - 29 * DAY, 2: NOW - 30 * DAY, 1: NOW - 90 * DAY}
    assert ended(old, SCHEDULE, NOW) == [1, 2]


def test_the_promise_is_every_period_and_a_day() -> None:
    assert SCHEDULE.bound(NOW) == date(2027, 1, 14)


@pytest.mark.parametrize(
    ("since", "old", "late"),
    [
        (NOW, {}, timedelta(0)),
        (NOW - 8 * DAY, {}, DAY),
        (NOW, {1: NOW - 33 * DAY, 2: NOW - 31 * DAY}, 3 * DAY),
        (NOW - 9 * DAY, {1: NOW - 31 * DAY}, 2 * DAY),
    ],
)
def test_lateness_is_that_of_whatever_is_latest(
    since: datetime, old: dict[int, datetime], late: timedelta
) -> None:
    assert SCHEDULE.overdue(since, old, NOW) == late


@given(every=PERIODS, window=PERIODS, tick=st.integers(1, 60), gone=st.integers(0, 10_000))
def test_a_schedule_that_is_kept_keeps_its_promise(
    every: timedelta, window: timedelta, tick: int, gone: int
) -> None:
    """Look every hour, do what is due: whatever was destroyed, its key is gone by the bound."""
    schedule = Schedule(every=every, window=window, copies=timedelta(0))
    erased_at = NOW + timedelta(minutes=gone)
    since, in_use, version_then = NOW, 1, 1
    ended_at: dict[int, datetime] = {}
    now = NOW
    for _ in range(10_000):
        now += timedelta(minutes=tick)
        if schedule.due(since, now):
            ended_at[in_use] = since = now
            in_use += 1
        if now <= erased_at:
            version_then = in_use
        elif version_then in ended(ended_at, schedule, now):
            assert now.date() <= schedule.bound(erased_at)
            return
    assert now < erased_at + every + window + timedelta(hours=2)
