"""What is remembered about one subject, and how does an event change it?

One fold serves the live lane, the bulk lane and full recomputation, so the three cannot
disagree: ``tests/unit/workers/test_fold_properties.py`` holds them together to the last bit.
Nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

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
    milliseconds per gap, so that addition is exact.
    """

    __slots__ = (
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

    def fields(self) -> tuple[object, ...]:
        """Give every field, in the order of their names."""
        return tuple(getattr(self, name) for name in State.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]  # mutable: a hash would go stale

    def __repr__(self) -> str:
        return f"State(events={self.events}, sessions={self.sessions})"


def late(state: State | None, event: Happened) -> bool:
    """Say whether *event* does not come after everything already folded.

    An event folded before is late too, which is what makes a second delivery harmless: the
    caller answers lateness by folding the subject's stored events from the start.
    """
    return state is not None and event[:2] <= (state.last_at_us, state.last_mid)


def fold(
    state: State | None, events: Sequence[Happened], clock: LocalHours, steps: Sequence[str]
) -> State:
    """Carry *events* into *state*, in place, and give it back; ``None`` starts a new one.

    Every event of the installation passes here at least once, so what the loop needs stands in
    local names, and a day's partials in a dict until the day is over.

    Args:
        state: what was folded before, or ``None``; *events* all come after it (see ``late``).
        events: at least one, sorted by ``(at_us, mid)``.
        clock: local hours in the rulebook's timezone.
        steps: the rulebook's step names; ``FoldEvent.step`` points into them.
    """
    if state is None:
        state = State(events[0][0], len(steps))
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
    return state


def in_order(events: Iterable[Happened]) -> list[Happened]:
    """Give *events* in the order of the fold, each message once."""
    return sorted(set(events))


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
