"""How does an event that comes late get into a state, or one that came since out of it?

Both without the subject's history.  The events remembered are taken off down to the base, and
folded anew, with the late one among them or those since an instant left out.  That base and events
make the state is not believed but seen: if they come to other numbers (a process of an older
version wrote the state), the history is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from operator import sub
from typing import NamedTuple

from workers.features import recent
from workers.features.days import without
from workers.features.local_hours import LocalHours
from workers.features.state import Happened, State, before, carry, fold


def late(state: State | None, event: Happened) -> bool:
    """Say whether *event* does not come after everything already folded.

    An event folded before is late too, which is what makes a second delivery harmless.
    """
    return state is not None and event[:2] <= (state.last_at_us, state.last_mid)


def fold_late(
    state: State, events: Sequence[Happened], clock: LocalHours, steps: Sequence[str]
) -> State | None:
    """Put *events* among those that *state* remembers; give the state that makes.

    ``None``, and *state* is as it was: one comes before the base, or the base is not known.  Then
    the caller folds the subject's stored events from the first.

    Args:
        state: changed in place, or replaced.
        events: at least one, sorted by ``(at_us, mid)``; those folded before are left out.
        clock: local hours in the rulebook's timezone.
        steps: the rulebook's step names.
    """
    parts = _apart(state, clock, steps)
    if parts is None or (parts.based and events[0][:2] <= parts.last):
        return None
    if parts.based and not _take_off(state, parts):
        return None
    merged = {each[:2]: each for each in (*events, *parts.events)}
    ordered = [merged[key] for key in sorted(merged)]
    return fold(state if parts.based else None, ordered, clock, steps)


def rewound(state: State, until_us: int, clock: LocalHours, steps: Sequence[str]) -> State | None:
    """Give what *state* was when the last event up to *until_us* had been folded.

    ``None``: that lies before what is remembered, or the base is not known.  Where all events came
    later, the state that is given has counted none.

    Args:
        state: stays as it is.
        until_us: included.
        clock: local hours in the rulebook's timezone.
        steps: the rulebook's step names.
    """
    parts = _apart(state, clock, steps)
    if parts is None or (parts.based and parts.last[0] > until_us):
        return None
    then = copy(state) if parts.based else State(state.first_at_us, len(steps))
    if parts.based and not _take_off(then, parts):
        return None
    early = [each for each in parts.events if each[0] <= until_us]
    if early:
        carry(then, early, clock, steps)
    return then


class _Parts(NamedTuple):
    """A state taken apart: the events remembered, what they count, and the numbers before them.

    ``based``: there was something before them, up to the event ``last``.
    """

    events: Sequence[Happened]
    counted: State
    numbers: Sequence[int]
    based: bool
    last: tuple[int, int]


def _apart(state: State, clock: LocalHours, steps: Sequence[str]) -> _Parts | None:
    """Take *state* apart; ``None`` where the parts are not known, or do not make it again."""
    known = before(state, steps)
    if known is None:
        return None
    base, events = known
    parts = _Parts(
        events, base, recent.numbers(base), base.events > 0, (base.last_at_us, base.last_mid)
    )
    if events:
        carry(base, events, clock, steps)
    return parts if recent.numbers(base) == recent.numbers(state) else None


def _take_off(state: State, parts: _Parts) -> bool:
    """Take off *state* what the events of its *parts* count, down to the base.

    False if it is not in there: an older rulebook counted under other steps.
    """
    counted = parts.counted
    left = [
        list(map(sub, ours, theirs))
        for ours, theirs in (
            (state.steps, counted.steps),
            (state.dwell_ms, counted.dwell_ms),
            (state.hours, counted.hours),
        )
    ]
    if any(each < 0 for counts in left for each in counts):
        return False
    state.steps, state.dwell_ms, state.hours = left
    state.days = without(state.days, counted.days)
    recent.restore(state, parts.numbers)
    state.recent = recent.without_events(state.recent)
    return True
