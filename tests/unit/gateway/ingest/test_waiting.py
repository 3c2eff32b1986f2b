"""No source keeps another waiting, and nothing large anything small; each is told when to come."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import QueueFull, RateExceeded
from gateway.ingest.rates import Rates
from gateway.ingest.turns import Lane
from gateway.ingest.waiting import LONGEST_S, Waiting
from gateway.ingest.wire import Decoded, WireEvent

EVENT = WireEvent("track", "", (), (), None, 0, None, explicit_act=False, parts={})


@dataclass(eq=False)
class Sent:
    source: int
    decoded: Decoded
    since: float = 0.0


def sent(source: int, events: int = 1, size: int = 10) -> Sent:
    return Sent(source, Decoded([EVENT] * events, {}, size))


def test_each_source_is_served_in_its_turn() -> None:
    waiting: Waiting[Sent] = Waiting(10_000)
    for source in (1, 1, 1, 1, 2, 3, 3):
        waiting.put(sent(source), Lane.LIVE)
    assert [each.source for each in waiting.take(Lane.LIVE, events=4)] == [1, 2, 3, 1]
    assert [each.source for each in waiting.take(Lane.LIVE, events=9)] == [3, 1, 1]
    assert len(waiting) == waiting.bytes == 0


def test_the_order_of_one_source_stays() -> None:
    waiting: Waiting[Sent] = Waiting(10_000)
    items = [sent(1) for _ in range(5)]
    for item in items:
        waiting.put(item, Lane.BULK)
    assert waiting.take(Lane.BULK, events=99) == items


def test_one_source_fills_its_half_and_leaves_room_for_others() -> None:
    waiting: Waiting[Sent] = Waiting(100)
    waiting.put(sent(1, size=50), Lane.BULK)
    with pytest.raises(QueueFull, match="of this source"):
        waiting.put(sent(1, size=1), Lane.LIVE)
    waiting.put(sent(2, size=50), Lane.LIVE)
    with pytest.raises(QueueFull, match="Too much is waiting"):
        waiting.put(sent(3, size=1), Lane.LIVE)


def test_a_source_whose_batches_wait_for_long_is_told_to_come_later_and_no_other() -> None:
    now = [0.0]
    waiting: Waiting[Sent] = Waiting(10_000, lambda: now[0])
    waiting.put(sent(1), Lane.BULK)
    now[0] += LONGEST_S
    waiting.put(sent(1), Lane.BULK)
    now[0] += 0.1
    with pytest.raises(QueueFull, match="since seconds"):
        waiting.put(sent(1), Lane.BULK)
    waiting.put(sent(1), Lane.LIVE)
    waiting.put(sent(2), Lane.BULK)
    assert len(waiting.take(Lane.BULK, events=2)) == 2
    waiting.put(sent(1), Lane.BULK)


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.integers(1, 40)), max_size=30))
def test_what_is_withdrawn_leaves_nothing_behind(items: list[tuple[int, bool, int]]) -> None:
    waiting: Waiting[Sent] = Waiting(1_000)
    kept = []
    for source, bulk, size in items:
        item = sent(source, size=size)
        waiting.put(item, Lane(bulk))
        kept.append(item)
    for item in kept[::2]:
        waiting.withdraw(item)
        waiting.withdraw(item)
    left = waiting.take(Lane.LIVE, events=99) + waiting.take(Lane.BULK, events=99)
    assert {id(each) for each in left} == {id(each) for each in kept[1::2]}
    assert waiting.bytes == 0
    assert not waiting.has(Lane.LIVE)
    assert not waiting.has(Lane.BULK)
    waiting.put(sent(1, size=500), Lane.LIVE)  # nothing is held against anybody


def test_a_source_spends_its_rate_and_is_told_when_to_come_back() -> None:
    now = [0.0]
    rates = Rates(100, clock=lambda: now[0])
    rates.spend(1, 500)
    with pytest.raises(RateExceeded) as refused:
        rates.spend(1, 250)
    assert refused.value.seconds == 3
    rates.spend(2, 250)  # another source has a bucket of its own
    now[0] = 2.5
    rates.spend(1, 250)


def test_a_batch_above_the_burst_is_taken_by_a_full_bucket_and_paid_for_afterwards() -> None:
    now = [0.0]
    rates = Rates(100, clock=lambda: now[0])
    rates.spend(1, 2_000)
    now[0] = 15.0
    with pytest.raises(RateExceeded) as refused:
        rates.spend(1, 1)
    assert refused.value.seconds == 1
    now[0] = 15.1
    rates.spend(1, 1)


def test_without_a_rate_nothing_is_counted() -> None:
    Rates(None).spend(1, 10**9)
