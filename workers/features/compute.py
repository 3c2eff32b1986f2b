"""What are a subject's feature values at an instant?

Values are read from the folded state; nothing is approximated.  A window of N days as of T takes
the UTC days after ``T.date() - N`` up to and including ``T.date()``, so it changes at midnight UTC
only.  Lengths of time between instants are days of 86 400 s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from policies.ruleset import FeatureRule
from policies.vocabulary import Aggregate
from workers.errors import FeatureNotComputable
from workers.features.state import (
    AMOUNT,
    DAY_US,
    EVENTS,
    PURCHASE,
    SECOND_US,
    SESSIONS,
    STEP,
    State,
)
from workers.features.windows import Windows

Reading = Callable[[State, int, Windows], float | None]
DAY = timedelta(days=1)
MONTH_DAYS = 365.25 / 12  # a mean month, so that a year holds twelve


@dataclass(frozen=True, slots=True)
class WindowSum:
    """The reading of a sum over a window, which a plan puts together with others."""

    window: int  # days
    code: int

    def __call__(self, _state: State, _us: int, windows: Windows) -> float | None:
        """Read it alone."""
        return float(windows.sums(self.window).get(self.code, 0))


class FeaturePlan:
    """How to read a list of features from a state, decided once per rulebook.

    Raises:
        FeatureNotComputable: the state does not hold what a feature asks for.
    """

    def __init__(self, features: Sequence[FeatureRule], steps: Sequence[str]) -> None:
        self.keys = tuple(feature.key for feature in features)
        readings = [reading(feature, steps) for feature in features]
        # Sums over windows, the most frequent kind, are dealt out of one look at each window.
        summed: dict[int, list[tuple[int, int]]] = {}
        self._others: list[tuple[int, Reading]] = []
        for place, read in enumerate(readings):
            if isinstance(read, WindowSum):
                summed.setdefault(read.window, []).append((place, read.code))
            else:
                self._others.append((place, read))
        self._summed = sorted(summed.items())

    def values(self, state: State, as_of_us: int) -> list[float | None]:
        """Give the values in the order of ``keys``; ``None`` where there is none.

        *state* holds no event after *as_of_us*; the caller folds the earlier events otherwise.
        """
        windows = Windows(state, as_of_us)
        found: list[float | None] = [None] * len(self.keys)
        for window, places in self._summed:  # the narrower first
            sums = windows.sums(window)
            for place, code in places:
                found[place] = float(sums.get(code, 0))
        for place, read in self._others:
            found[place] = read(state, as_of_us, windows)
        return found


def values(
    state: State, features: Sequence[FeatureRule], steps: Sequence[str], as_of_us: int
) -> list[float | None]:
    """Give the values of *features* once; ``FeaturePlan`` is the form for many subjects."""
    return FeaturePlan(features, steps).values(state, as_of_us)


def reading(feature: FeatureRule, steps: Sequence[str]) -> Reading:
    """Give the function that reads *feature* from a state."""
    step = None if feature.step is None else steps.index(feature.step)
    window = None if feature.window is None else feature.window // DAY
    if feature.aggregate in _OF_DAYS:
        code, make = _OF_DAYS[feature.aggregate]
        return make(code if step is None else STEP + step, window)
    if feature.aggregate == Aggregate.RECENCY and feature.step in {None, PURCHASE}:
        return _recency(window, of_purchase=feature.step == PURCHASE)
    if feature.aggregate == Aggregate.SUM and feature.step in {None, PURCHASE}:
        return _total(AMOUNT, window)
    if feature.aggregate == Aggregate.DWELL and window is None:
        return _dwell(step)
    if feature.aggregate in _OF_ALL and step is None and window is None:
        return _OF_ALL[feature.aggregate]
    raise FeatureNotComputable(feature.key)


def _recency(window: int | None, *, of_purchase: bool) -> Reading:
    """Give days since the newest event, or the newest purchase."""

    def read(state: State, as_of_us: int, _: Windows) -> float | None:
        at_us = state.last_purchase_at_us if of_purchase else state.last_at_us
        if at_us is None:
            return None
        if window is not None and at_us // DAY_US <= as_of_us // DAY_US - window:
            return None
        return (as_of_us - at_us) / DAY_US

    return read


def _total(code: int, window: int | None) -> Reading:
    if window is not None:
        return WindowSum(window, code)
    if code == EVENTS:
        return lambda state, _us, _windows: float(state.events)
    if code == SESSIONS:
        return lambda state, _us, _windows: float(state.sessions)
    if code == AMOUNT:
        return lambda state, _us, _windows: float(state.amount)
    return lambda state, _us, _windows: float(state.steps[code - STEP])


def _distinct_days(code: int, window: int | None) -> Reading:
    return lambda _state, _us, windows: float(len(windows.days_with(code, window)))


def _mean_gap(code: int, window: int | None) -> Reading:
    """Give the mean distance in days between one day with activity and the next.

    The days on which sessions started, or events of the step happened; ``None`` with fewer than
    two of them.
    """

    def read(_state: State, _us: int, windows: Windows) -> float | None:
        found = windows.days_with(code, window)
        return (found[-1] - found[0]) / (len(found) - 1) if len(found) > 1 else None

    return read


def _frequency(code: int, window: int | None) -> Reading:
    """Give events per mean month, over the window or over all that is known.

    What is known begins at the first event and is taken as a month at least, so that a first
    purchase does not look like a habit.
    """
    total = _total(code, window)

    def read(state: State, as_of_us: int, windows: Windows) -> float | None:
        count = total(state, as_of_us, windows)
        known = max((as_of_us - state.first_at_us) / DAY_US, MONTH_DAYS)
        span = known if window is None else float(window)
        return None if count is None else count / (span / MONTH_DAYS)

    return read


def _dwell(step: int | None) -> Reading:
    """Give seconds spent between an event (of the step) and the next one of its session."""
    if step is None:
        return lambda state, _us, _windows: sum(state.dwell_ms) / 1000
    return lambda state, _us, _windows: state.dwell_ms[step] / 1000


def _age(state: State, as_of_us: int, _: Windows) -> float:
    return (as_of_us - state.first_at_us) / DAY_US


def _weighted_clicks(state: State, _us: int, _windows: Windows) -> float:
    """Give clicks per session, each session weighing as much as it lasted."""
    open_seconds = (state.last_at_us - state.session_start_us) // SECOND_US
    seconds = state.closed_seconds + open_seconds
    weighed = state.closed_click_seconds + open_seconds * state.session_clicks
    return weighed / seconds if seconds else 0.0


def _favourite_hour(state: State, _us: int, _windows: Windows) -> float:
    """Give the local hour with most events; the smallest of several."""
    return float(state.hours.index(max(state.hours)))


_OF_DAYS: dict[Aggregate, tuple[int, Callable[[int, int | None], Reading]]] = {
    Aggregate.COUNT: (EVENTS, _total),
    Aggregate.SESSIONS: (SESSIONS, _total),
    Aggregate.DISTINCT_DAYS: (EVENTS, _distinct_days),
    Aggregate.MEAN_GAP: (SESSIONS, _mean_gap),
    Aggregate.FREQUENCY: (EVENTS, _frequency),
}
"""Read from daily partials: the code without a step, and how."""

_OF_ALL: dict[Aggregate, Reading] = {
    Aggregate.AGE: _age,
    Aggregate.WEIGHTED_CLICKS: _weighted_clicks,
    Aggregate.FAVOURITE_HOUR: _favourite_hour,
}
"""Read from the whole history only."""
