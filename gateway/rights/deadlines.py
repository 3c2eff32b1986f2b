"""By when must a data-subject request be answered?

Article 12(3) GDPR gives one month from receipt.  How a month is counted is Regulation (EEC,
Euratom) 1182/71: the day of receipt is not counted, the period ends with the last hour of the
same date in the next month, or of that month's last day where the date does not exist, and an
end on a Saturday, Sunday or public holiday moves to the next working day (Articles 3(1), 3(2)(c)
and 3(4)).  The holidays are those of French law (Code du travail, L3133-1).
"""

import calendar
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_SATURDAY = 5
# (month, day) of the holidays whose date never moves.
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
# Days after Easter Sunday: Easter Monday, Ascension Day, Whit Monday.
_AFTER_EASTER = (1, 39, 50)


def easter_sunday(year: int) -> date:
    """Give Easter Sunday in the Gregorian calendar.

    Source: the anonymous algorithm printed in Nature, 20 April 1876, as in Meeus,
    "Astronomical Algorithms" (1991), chapter 8.
    """
    century, in_century = divmod(year, 100)
    moon = (8 * century + 13) // 25
    epact = (19 * (year % 19) + century - century // 4 - moon + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - epact - in_century % 4) % 7
    shift = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """Give the public holidays of metropolitan France in *year*."""
    easter = easter_sunday(year)
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {easter + timedelta(days=days) for days in _AFTER_EASTER})


def is_working_day(day: date) -> bool:
    """Say whether *day* is neither a Saturday, a Sunday nor a public holiday."""
    return day.weekday() < _SATURDAY and day not in public_holidays(day.year)


def next_working_day(day: date) -> date:
    """Give *day*, or the first working day after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def add_months(day: date, months: int) -> date:
    """Give the same date *months* later, or that month's last day where it has no such date."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    month = month_index + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def due_on(received_on: date, *, months: int = 1) -> date:
    """Give the last day on which an answer is in time.

    Args:
        received_on: the calendar day of receipt where the controller is.
        months: 1, or 3 once an extension was notified within the first month.
    """
    return next_working_day(add_months(received_on, months))


def due_at(received_at: datetime, zone: str, *, months: int = 1) -> datetime:
    """Give the last second in which an answer is in time, in the controller's time zone.

    Raises:
        ValueError: *received_at* is naive; guessing a zone could move the deadline by a day.
    """
    if received_at.tzinfo is None:
        raise ValueError("instant has no timezone; pass an aware datetime")
    local = ZoneInfo(zone)
    last_day = due_on(received_at.astimezone(local).date(), months=months)
    return datetime.combine(last_day, time(23, 59, 59), tzinfo=local)
