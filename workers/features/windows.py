"""What of one subject's daily partials falls into the last so many days?"""

from __future__ import annotations

from collections.abc import Mapping

from workers.features.days import Partial, place_of, records
from workers.features.state import AMOUNT, DAY_US, EVENTS, SESSIONS, STEP, State


class Windows:
    """The windows of one state as of one instant, each read once however many features ask.

    A window of N days takes the UTC days after ``day - N`` up to and including ``day``.
    """

    __slots__ = ("_day", "_records", "_state", "_sums", "_whole", "_widest")

    def __init__(self, state: State, as_of_us: int) -> None:
        """Read nothing yet; *state* holds no event after *as_of_us*."""
        self._state = state
        self._day = as_of_us // DAY_US
        self._records: dict[int | None, list[Partial]] = {}
        self._sums: dict[int, Mapping[int, int]] = {}
        self._whole: Mapping[int, int] | None = None
        # Where the window summed last begins: a wider one goes on from there.
        self._widest: tuple[int, Mapping[int, int]] | None = None

    def sums(self, window: int) -> Mapping[int, int]:
        """Give the sum of each code over a window; a code without a partial is absent."""
        found = self._sums.get(window)
        if found is None:
            found = self._sums[window] = self._summed(window)
        return found

    def days_with(self, code: int, window: int | None) -> list[int]:
        """Give the UTC days that have a partial of *code*, oldest first; ``None``: of all days."""
        found = self._records.get(window)
        if found is None:
            days = self._state.days
            start = 0 if window is None else place_of(days, self._day - window + 1)
            found = self._records[window] = list(records(days[start:]))
        return [day for day, each, _ in found if each == code]

    def _summed(self, window: int) -> Mapping[int, int]:
        state, first = self._state, self._day - window + 1
        if state.first_at_us // DAY_US >= first:
            self._whole = self._whole or _totals(state)
            return self._whole
        start, end = place_of(state.days, first), len(state.days)
        sums: dict[int, int] = {}
        if self._widest is not None and self._widest[0] >= start:
            end, before = self._widest
            sums = dict(before)
        for _, code, value in records(state.days[start:end]):
            sums[code] = sums.get(code, 0) + value
        self._widest = start, sums
        return sums


def _totals(state: State) -> Mapping[int, int]:
    """Give what the partials of all days add up to, which the state knows without them."""
    steps = dict(enumerate(state.steps, STEP))
    return {EVENTS: state.events, SESSIONS: state.sessions, AMOUNT: state.amount} | steps
