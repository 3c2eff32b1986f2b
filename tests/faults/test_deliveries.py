"""The same requests come twice, late, in another order, at once, and to a clock that is set.

A network and a client library between them do all of that.  Each event is stored once; which of its
deliveries stored it changes nothing that is computed from it.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from tests.faults.bench import Bench, Call
from tests.faults.seed import dice, gate_seed
from tests.faults.threads import Threads
from tests.support.builders import Person
from tests.support.clock import instant, wire

REQUESTS = 24
SENDERS = 4
LARGE = 55  # takes the bulk lane
STEPS = (-259_200, -3_600, -1, 0, 0, 0, 1, 60, 3_600, 259_200)  # seconds a clock is set by

pytestmark = pytest.mark.parametrize("round_", range(3))


def requests(bench: Bench, roll: random.Random, *, dated: bool) -> list[list[Call]]:
    """Give single events, small batches and a large one now and then, about a few people."""
    people = [bench.somebody() for _ in range(5)]
    return [
        [
            order(bench, roll, roll.choice(people), dated=dated)
            for _ in range(roll.choice([1, 1, 1, 5, LARGE]))
        ]
        for _ in range(REQUESTS)
    ]


def order(bench: Bench, roll: random.Random, person: Person, *, dated: bool) -> Call:
    """Give an order of the last hour; *dated* says by the sender's clock when it was sent."""
    call = bench.order(person, age_s=roll.randrange(3_600))
    return call | ({"sentAt": wire(instant(bench.edge.now_us))} if dated else {})


def deliveries(roll: random.Random, sent: list[list[Call]]) -> list[list[Call]]:
    """Give every request one to four times, in any order."""
    again = [calls for calls in sent for _ in range(roll.choice([1, 2, 2, 4]))]
    roll.shuffle(again)
    return again


def test_deliveries_in_any_number_and_order_store_each_event_once(
    bench: Bench, round_: int
) -> None:
    roll = dice(gate_seed(), "deliveries", round_)
    queue = deliveries(roll, requests(bench, roll, dated=False))
    shares = [queue[start::SENDERS] for start in range(SENDERS)]

    def send(share: list[list[Call]]) -> None:
        for calls in share:
            bench.deliver_until_answered(calls)

    Threads((lambda share=share: send(share)) for share in shares).join()
    bench.assert_kept()


def test_one_request_delivered_by_everybody_at_once_is_stored_once(
    bench: Bench, round_: int
) -> None:
    size = (1, 5, LARGE)[round_]
    person = bench.somebody()
    for _ in range(5):
        calls = [bench.order(person) for _ in range(size)]
        Threads([lambda calls=calls: _deliver(bench, calls)] * SENDERS).join()
    bench.assert_kept()


def _deliver(bench: Bench, calls: list[Call]) -> None:
    bench.deliver_until_answered(calls)


def test_a_clock_that_is_set_while_events_come_loses_and_doubles_none(
    bench: Bench, round_: int
) -> None:
    """Days back and forth, as of a machine that finds its time server at last."""
    roll = dice(gate_seed(), "clock", round_)
    bench.edge.now_us -= int(timedelta(days=10).total_seconds()) * 1_000_000
    for calls in deliveries(roll, requests(bench, roll, dated=True)):
        bench.edge.now_us += roll.choice(STEPS) * 1_000_000
        bench.deliver_until_answered(calls)
    bench.assert_kept()
