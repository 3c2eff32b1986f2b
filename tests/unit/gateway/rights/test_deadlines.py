"""By when must a request be answered?  A table, so that a DPO can check it with a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rights.deadlines import (
    add_months,
    due_at,
    due_on,
    easter_sunday,
    is_working_day,
    public_holidays,
)


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [
        ("2026-03-05", "2026-04-07", "5 April is Easter Sunday, 6 April Easter Monday"),
        ("2025-03-05", "2025-04-07", "5 April 2025 is a Saturday"),
        ("2026-01-31", "2026-03-02", "28 February 2026 is a Saturday"),
        ("2024-01-31", "2024-02-29", "a leap year has the 29th"),
        ("2025-01-31", "2025-02-28", "the last day of a shorter month"),
        ("2024-12-31", "2025-01-31", "across the year"),
        ("2026-04-01", "2026-05-04", "1 May is a holiday and a Friday"),
        ("2026-04-08", "2026-05-11", "8 May is a holiday and a Friday"),
        ("2026-06-14", "2026-07-15", "14 July is a holiday"),
        ("2026-11-25", "2026-12-28", "25 December is a Friday"),
        ("2025-12-01", "2026-01-02", "1 January is a holiday"),
        ("2026-04-14", "2026-05-15", "14 May 2026 is Ascension Day"),
        ("2026-04-25", "2026-05-26", "25 May 2026 is Whit Monday"),
        ("2026-10-11", "2026-11-12", "11 November is a holiday"),
        ("2026-08-31", "2026-09-30", "31 September does not exist"),
    ],
)
def test_the_month_ends_on_a_working_day(received: str, due: str, why: str) -> None:
    assert due_on(date.fromisoformat(received)).isoformat() == due, why


def test_an_extension_counts_three_months_from_receipt() -> None:
    assert due_on(date(2026, 1, 15), months=3) == date(2026, 4, 15)


@pytest.mark.parametrize(
    ("year", "easter"),
    [(2019, "2019-04-21"), (2024, "2024-03-31"), (2025, "2025-04-20"), (2038, "2038-04-25")],
)
def test_easter_is_where_the_calendar_has_it(year: int, easter: str) -> None:
    assert easter_sunday(year).isoformat() == easter


def test_france_has_eleven_public_holidays() -> None:
    assert len(public_holidays(2026)) == 11


def test_the_day_of_receipt_is_the_controllers_day_not_utc() -> None:
    late_evening = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  # already 1 July in Paris
    assert due_at(late_evening, "Europe/Paris").isoformat() == "2026-08-03T23:59:59+02:00"


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        due_at(datetime(2026, 1, 1), "Europe/Paris")  # noqa: DTZ001 - naive on purpose


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_deadline_is_always_a_working_day_about_a_month_away(received: date) -> None:
    due = due_on(received)
    assert is_working_day(due)
    assert timedelta(days=28) <= due - received <= timedelta(days=36)
    assert due >= add_months(received, 1)
