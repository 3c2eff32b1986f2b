"""However events are split, ordered, repeated and routed, the state is that of one full fold.

``Lanes`` is the lane protocol without a database: stored events, the state, a dirty set; its
fold and its test for lateness are the product's own.
"""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.features import recent
from workers.features.days import records
from workers.features.late import fold_late, late, rewound
from workers.features.local_hours import LocalHours
from workers.features.state import FoldEvent, State, fold, in_order

PARIS = LocalHours("Europe/Paris")
STEPS = ("view", "cart", "checkout", "purchase")
START_US = 1_774_600_000_000_000  # the night before the clocks change in Paris
MINUTE_US = 60_000_000

# Instants meet often, gaps of exactly half an hour too, and pauses of exactly half a minute: where
# a mistake would show.
instants = st.one_of(
    st.integers(0, 150).map(lambda n: START_US + n * 10_000_000),
    st.integers(0, 200).map(lambda n: START_US + n * 10 * MINUTE_US),
    st.integers(0, 40 * 86_400).map(lambda seconds: START_US + seconds * 1_000_000 + seconds % 7),
)
events = st.builds(
    FoldEvent,
    at_us=instants,
    mid=st.integers(-(2**63), 2**63 - 1),
    step=st.integers(-1, 3),
    click=st.booleans(),
    amount=st.integers(-500, 50_000),
    name=st.just(1),
)
histories = st.lists(events, min_size=1, max_size=40, unique_by=lambda event: event.mid)


class Lanes:
    """One subject's rows, written by both lanes."""

    def __init__(self) -> None:
        self.stored: dict[int, FoldEvent] = {}
        self.state: State | None = None
        self.dirty: list[FoldEvent] = []
        self.histories_read = 0

    def live(self, batch: list[FoldEvent]) -> None:
        self._fold(self._store(batch))

    def bulk(self, batch: list[FoldEvent]) -> None:
        self.dirty += self._store(batch)

    def drain(self, taken: int) -> None:
        slice_, self.dirty = self.dirty[:taken], self.dirty[taken:]
        self._fold(slice_)

    def _store(self, batch: list[FoldEvent]) -> list[FoldEvent]:
        fresh = [event for event in in_order(batch) if event.mid not in self.stored]
        self.stored |= {event.mid: event for event in fresh}
        return fresh

    def _fold(self, news: list[FoldEvent]) -> None:
        if not news:
            return
        ordered = in_order(news)
        if self.state is None or not late(self.state, ordered[0]):
            self.state = fold(self.state, ordered, PARIS, STEPS)
            return
        before = copy.deepcopy(self.state)
        found = fold_late(self.state, ordered, PARIS, STEPS)
        if found is None:
            assert (self.state, self.state.recent) == (before, before.recent), "half taken off"
            found = fold(None, in_order(self.stored.values()), PARIS, STEPS)
            self.histories_read += 1
        self.state = found


@given(history=histories, data=st.data())
def test_any_delivery_through_any_lane_equals_the_full_recomputation(
    history: list[FoldEvent], data: st.DataObject
) -> None:
    deliveries = data.draw(st.permutations(history + history[: len(history) // 2]))
    lanes = Lanes()
    while deliveries:
        size = data.draw(st.integers(1, 7))
        batch, deliveries = list(deliveries[:size]), deliveries[size:]
        data.draw(st.sampled_from([lanes.live, lanes.bulk]))(batch)
        if data.draw(st.booleans()):
            lanes.drain(data.draw(st.integers(1, 5)))
    while lanes.dirty:
        lanes.drain(data.draw(st.integers(1, 5)))
    assert lanes.state == fold(None, in_order(history), PARIS, STEPS)


@given(st.lists(st.tuples(st.integers(1, 45), st.integers(0, 29)), min_size=1, max_size=200))
def test_what_comes_less_than_half_a_minute_late_needs_no_history(
    gaps_and_lags: list[tuple[int, int]],
) -> None:
    at_us, sent = START_US, []
    for mid, (gap, lag) in enumerate(gaps_and_lags):
        at_us += gap * 1_000_000
        event = FoldEvent(at_us, mid, mid % 5 - 1, mid % 3 == 0, mid, 1)
        sent.append((at_us + lag * 1_000_000, event))
    lanes = Lanes()
    for _, event in sorted(sent):
        lanes.live([event])
    assert lanes.state == fold(None, [event for _, event in sent], PARIS, STEPS)
    assert lanes.histories_read == 0


def test_a_message_may_have_the_number_that_stands_for_never() -> None:
    """It is one of all numbers of 64 bits, and as likely as the others."""
    at_us = 1_774_600_000_000_000
    lanes = Lanes()
    for mid, after_s in ((0, 0), (-1, 0), (recent.NEVER, 10), (1, 50)):
        lanes.live([FoldEvent(at_us + after_s * 1_000_000, mid, 0, False, 0, 1)])
    assert lanes.state is not None
    found = rewound(lanes.state, at_us + 10_000_000, PARIS, STEPS)
    assert found is not None
    assert (found.last_mid, found.last_purchase_at_us) == (recent.NEVER, None)


@given(history=histories, data=st.data())
def test_a_rewound_state_is_that_of_the_events_until_then(
    history: list[FoldEvent], data: st.DataObject
) -> None:
    lanes = Lanes()
    for event in data.draw(st.permutations(history)):
        lanes.live([event])
    assert lanes.state is not None
    whole = copy.deepcopy(lanes.state)
    until_us = data.draw(instants)
    found = rewound(lanes.state, until_us, PARIS, STEPS)
    assert (lanes.state, lanes.state.recent) == (whole, whole.recent)
    early = [event for event in in_order(history) if event.at_us <= until_us]
    if found is not None and early:
        assert found == fold(None, early, PARIS, STEPS)
    elif found is not None:
        assert found.events == 0


def test_the_last_events_are_taken_off_without_the_history() -> None:
    events = [FoldEvent(START_US + at * 10_000_000, at, at % 4, True, at, 1) for at in range(90)]
    state = fold(None, events, PARIS, STEPS)
    for left in range(len(events) - recent.KEPT + 1, len(events)):
        found = rewound(state, events[left].at_us, PARIS, STEPS)
        assert found == fold(None, events[: left + 1], PARIS, STEPS)
    assert rewound(state, events[10].at_us, PARIS, STEPS) is None


@given(history=histories, data=st.data())
def test_a_state_that_another_version_wrote_is_not_taken_apart(
    history: list[FoldEvent], data: st.DataObject
) -> None:
    """It folded on and left what is remembered as it was; or knew nothing of it."""
    *before, last = in_order(history)
    if not before:
        return
    kept = fold(None, before, PARIS, STEPS).recent
    state = fold(None, in_order(history), PARIS, STEPS)
    state.recent = data.draw(st.sampled_from([kept, recent.UNKNOWN]))
    assert fold_late(state, [last], PARIS, STEPS) is None


def test_a_state_of_another_rulebook_is_not_taken_apart() -> None:
    events = [FoldEvent(START_US + at * 1_000_000, at, at % 4, False, 0, 1) for at in range(20)]
    for steps in (STEPS[:2], ("purchase", *STEPS[:3])):
        state = fold(None, events, PARIS, STEPS)
        assert fold_late(state, events[:1], PARIS, steps) is None
    state = fold(None, events, PARIS, STEPS)
    state.steps[3] = 0
    late_one = FoldEvent(START_US + 500_000, 77, 3, False, 0, 1)
    assert fold_late(state, [late_one], PARIS, STEPS) == fold(
        None, in_order([*events, late_one]), PARIS, STEPS
    )


@pytest.mark.parametrize("count", [1, recent.KEPT, recent.MOST, recent.MOST + 1, 500])
def test_no_more_is_remembered_than_the_most(count: int) -> None:
    events = [FoldEvent(START_US + at * 1_000_000, at, 0, False, 0, 1) for at in range(count)]
    at_once = fold(None, events, PARIS, STEPS)
    one_by_one = None
    for event in events:
        one_by_one = fold(one_by_one, [event], PARIS, STEPS)
        assert recent.count(one_by_one.recent) <= recent.MOST
    assert one_by_one == at_once
    assert min(count, recent.KEPT) <= recent.count(at_once.recent) <= recent.MOST


@given(history=histories, cut=st.integers(0, 40))
def test_a_history_folded_in_two_parts_is_the_history_folded_at_once(
    history: list[FoldEvent], cut: int
) -> None:
    ordered = in_order(history)
    first, second = ordered[:cut], ordered[cut:]
    state = fold(None, first, PARIS, STEPS) if first else None
    state = fold(state, second, PARIS, STEPS) if second else state
    assert state == fold(None, ordered, PARIS, STEPS)


@given(history=histories)
def test_partials_of_the_days_add_up_to_the_totals(history: list[FoldEvent]) -> None:
    state = fold(None, in_order(history), PARIS, STEPS)
    triplets = list(records(state.days))
    assert triplets == sorted(triplets, key=lambda triplet: triplet[:2])
    by_code: dict[int, int] = {}
    for _, code, value in triplets:
        by_code[code] = by_code.get(code, 0) + value
    assert by_code.get(0) == state.events == sum(state.hours) == len(history)
    assert by_code.get(1) == state.sessions
    assert by_code.get(2, 0) == state.amount
    assert [by_code.get(10 + step, 0) for step in range(4)] == state.steps


@given(history=histories)
def test_an_event_folded_before_is_late(history: list[FoldEvent]) -> None:
    state = fold(None, in_order(history), PARIS, STEPS)
    assert all(late(state, event) for event in history)


def test_the_last_step_of_a_long_list_is_remembered() -> None:
    steps = [f"step-{number}" for number in range(1_000)]
    events = [FoldEvent(START_US + at, at, 999, False, 10**12, 1) for at in (1, 2, 4)]
    state = fold_late(
        fold(None, events, PARIS, steps),
        [events[0]._replace(at_us=START_US + 3, mid=3)],
        PARIS,
        steps,
    )
    assert state is not None
    assert state.steps[999] == 4
