"""What is remembered about one subject, and how does an event change it?

One fold serves the live lane, the bulk lane and full recomputation, so the three cannot
disagree: ``tests/unit/workers/test_fold_properties.py`` holds them together to the last bit.
Nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from workers.features import recent
from workers.features.days import closed, reopened
from workers.features.local_hours import LocalHours

SESSION_GAP_US = 30 * 60 * 1_000_000  # the web analytics convention; a longer gap starts a session
DAY_US = 86_400_000_000
SECOND_US = 1_000_000
HOURS = 24

EVENTS, SESSIONS, AMOUNT, STEP = 0, 1, 2, 10  # codes of the daily partials; step i has STEP + i
PURCHASE = "purchase"
NO_STEP = -1


class FoldEvent(NamedTuple):
    """What the fold needs to know of an event.

    ``at_us`` is microseconds since 1970 in UTC, ``mid`` breaks ties between equal instants,
    ``step`` is an index into the rulebook's steps or ``NO_STEP``, ``amount`` is in minor units
    and counts on the purchase step only, ``name`` is the dictionary number of the event name.
    """

    at_us: int
    mid: int
    step: int
    click: bool
    amount: int
    name: int


Happened = tuple[int, int, int, bool, int, int]
"""A ``FoldEvent`` without its names, as columns zipped together give it: half the price."""


class State:
    """Everything the features of one subject are read from.

    ``days`` holds the daily partials, sparse and packed (``workers.features.days``).  Sums over
    sessions cover closed sessions only; the open one is described by ``session_start_us``,
    ``session_clicks`` and ``last_at_us``.  Session lengths count whole seconds, dwell whole
    milliseconds per gap, so that addition is exact.  ``recent`` says how it came about last
    (``workers.features.recent``): two states are the same whatever stands there.
    """

    _COUNTED = (
        "amount",
        "closed_click_seconds",
        "closed_seconds",
        "days",
        "dwell_ms",
        "events",
        "first_at_us",
        "hours",
        "last_at_us",
        "last_mid",
        "last_purchase_at_us",
        "last_step",
        "session_clicks",
        "session_start_us",
        "sessions",
        "steps",
    )
    __slots__ = (*_COUNTED, "recent")

    first_at_us: int
    last_at_us: int
    last_mid: int
    events: int
    sessions: int
    session_start_us: int
    session_clicks: int
    closed_seconds: int
    closed_click_seconds: int
    last_step: int
    last_purchase_at_us: int | None
    amount: int
    steps: list[int]
    dwell_ms: list[int]
    hours: list[int]
    days: bytes
    recent: bytes

    def __init__(self, at_us: int, steps: int) -> None:
        """Begin with nothing counted, at the instant of the first event."""
        self.first_at_us = self.last_at_us = self.session_start_us = at_us
        self.last_mid = self.events = self.sessions = self.session_clicks = 0
        self.closed_seconds = self.closed_click_seconds = self.amount = 0
        self.last_step = NO_STEP
        self.last_purchase_at_us = None
        self.steps = [0] * steps
        self.dwell_ms = [0] * steps
        self.hours = [0] * HOURS
        self.days = b""
        self.recent = recent.WHOLE

    def fields(self) -> tuple[object, ...]:
        """Give every field that counts, in the order of their names."""
        return tuple(getattr(self, name) for name in State._COUNTED)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]  # mutable: a hash would go stale

    def __repr__(self) -> str:
        return f"State(events={self.events}, sessions={self.sessions})"


def fold(
    state: State | None, events: Sequence[Happened], clock: LocalHours, steps: Sequence[str]
) -> State:
    """Carry *events* into *state*, in place, and give it back; ``None`` starts a new one.

    Args:
        state: what was folded before, or ``None``; *events* all come after it (see
            ``workers.features.late``).
        events: at least one, sorted by ``(at_us, mid)``.
        clock: local hours in the rulebook's timezone.
        steps: the rulebook's step names; ``FoldEvent.step`` points into them.
    """
    if state is None:
        state = State(events[0][0], len(steps))
    begin = recent.beginning(events, state.last_at_us if state.events else None)
    if begin < 0 and not _room(state, events, clock, steps):
        begin = 0
    if begin > 0:
        carry(state, events[:begin], clock, steps)
    if begin >= 0:
        state.recent = recent.based(state)
        events = events[begin:]
    carry(state, events, clock, steps)
    state.recent += recent.noted(events)
    return state


def before(state: State, steps: Sequence[str]) -> tuple[State, list[Happened]] | None:
    """Give the base of *state* and the events that were folded since.

    The base has nothing counted by step, hour and day, so that what the events count is all that is
    counted there once they are carried into it.  ``None``: it is not known.
    """
    events = recent.events_of(state.recent)
    if state.recent == recent.UNKNOWN or any(each[2] >= len(steps) for each in events):
        return None
    base = State(state.first_at_us, len(steps))
    numbers = recent.base_of(state.recent)
    if numbers is not None:
        recent.restore(base, numbers)
        base.recent = recent.without_events(state.recent)
    return base, events


def carry(
    state: State, events: Sequence[Happened], clock: LocalHours, steps: Sequence[str]
) -> None:
    """Count *events*, as ``fold`` does, and remember none.

    Every event of the installation passes here at least once, so what the loop needs stands in
    local names, and a day's partials in a dict until the day is over.
    """
    purchase = steps.index(PURCHASE) if PURCHASE in steps else NO_STEP
    last_us, last_step = state.last_at_us, state.last_step
    counts, dwell_ms, hours, hour_of = state.steps, state.dwell_ms, state.hours, clock.hour_of
    before, today, partials = reopened(state.days)
    days = [before]
    for at_us, _, step, click, amount, _ in events:
        if at_us // DAY_US != today:
            days.append(closed(today, partials))
            today, partials = at_us // DAY_US, {}
        if at_us - last_us > SESSION_GAP_US or not state.sessions:
            _start_session(state, last_us, at_us)
            partials[SESSIONS] = partials.get(SESSIONS, 0) + 1
        elif last_step >= 0:
            dwell_ms[last_step] += (at_us - last_us) // 1000
        partials[EVENTS] = partials.get(EVENTS, 0) + 1
        hours[hour_of(at_us)] += 1
        if click:
            state.session_clicks += 1
        if step >= 0:
            counts[step] += 1
            partials[STEP + step] = partials.get(STEP + step, 0) + 1
            if step == purchase:
                _purchase(state, at_us, partials, amount)
        last_us, last_step = at_us, step
    state.days = b"".join((*days, closed(today, partials)))
    state.last_at_us, state.last_mid, state.last_step = last_us, events[-1][1], last_step
    state.events += len(events)


def in_order(events: Iterable[Happened]) -> list[Happened]:
    """Give *events* in the order of the fold, each message once."""
    return sorted(set(events))


def _room(
    state: State, events: Sequence[Happened], clock: LocalHours, steps: Sequence[str]
) -> bool:
    """See to it that *events* can be remembered behind the others; false if these are not known."""
    if state.recent != recent.UNKNOWN and recent.count(state.recent) + len(events) <= recent.MOST:
        return True
    known = before(state, steps)
    if known is None:
        return False
    base, older = known
    leaving = len(older) - max(0, recent.KEPT - len(events))
    carry(base, older[:leaving], clock, steps)
    state.recent = recent.based(base) + recent.noted(older[leaving:])
    return True


def _start_session(state: State, last_us: int, at_us: int) -> None:
    """Close the open session, which ended at *last_us*, and open one at *at_us*."""
    seconds = (last_us - state.session_start_us) // SECOND_US
    state.closed_seconds += seconds
    state.closed_click_seconds += seconds * state.session_clicks
    state.session_start_us, state.session_clicks = at_us, 0
    state.sessions += 1


def _purchase(state: State, at_us: int, partials: dict[int, int], amount: int) -> None:
    state.last_purchase_at_us = at_us
    if amount:
        state.amount += amount
        partials[AMOUNT] = partials.get(AMOUNT, 0) + amount
