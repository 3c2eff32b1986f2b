"""Lines that break at random, under everybody at once: the gateway's, and those of the workers."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from policies.errors import StoreUnavailable
from tests.faults.bench import Bench
from tests.faults.seed import dice, gate_seed
from tests.faults.test_broken_connections import MOST
from tests.faults.threads import Threads, meanwhile
from tests.support.scissors import Cut
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all, drain_shard
from workers.jobs.refresh import refresh

SENDERS = 4
EACH = 12
SIZES = (1, 1, 1, 4, 60)  # the last takes the bulk lane
PEOPLE = 8
CHANCE = 0.01  # that a line breaks at a statement; a request takes twenty or so
BREATH_S = 0.01
LARGE = 60
WAITING = "select distinct shard from store.dirty order by shard"
LEAST = 5  # statements of a job that has something to do

Job = Callable[[Bench], object]


def drain(bench: Bench) -> object:
    return drain_all(bench.workers, bench.ctx, clock=now_us)


def drain_waiting(bench: Bench) -> object:
    """Drain the shards where something waited, and not the many where nothing does."""
    return [drain_shard(bench.workers, bench.ctx, shard, clock=now_us) for shard in bench.waiting]


def refresh_all(bench: Bench) -> object:
    return refresh(bench.workers, bench.ctx, full=True)


@pytest.mark.parametrize("round_", range(2))
def test_lines_that_break_at_random_cost_time_and_nothing_else(bench: Bench, round_: int) -> None:
    seed = gate_seed()
    over = threading.Event()
    bench.scissors.gnaw(dice(seed, "gnaw", round_), CHANCE)
    people = [bench.somebody() for _ in range(PEOPLE)]

    def send(number: int) -> None:
        roll = dice(seed, "sender", round_, number)
        for _ in range(EACH):
            size = roll.choice(SIZES)
            calls = [bench.order(roll.choice(people), age_s=roll.random()) for _ in range(size)]
            bench.deliver_until_answered(calls)

    def work() -> None:
        while not over.wait(BREATH_S):
            for job in (drain, refresh_all):
                done(bench, job)

    with meanwhile([work]):
        try:
            Threads(lambda number=number: send(number) for number in range(SENDERS)).join()
        finally:
            over.set()
    bench.scissors.gnaw(None, 0)
    assert bench.refusals, "no line broke"
    bench.assert_kept()


@pytest.mark.parametrize("job", [drain_waiting, refresh_all], ids=lambda job: job.__name__)
def test_a_job_whose_line_is_cut_at_any_statement_is_done_by_the_next(
    bench: Bench, job: Job
) -> None:
    for number in range(1, MOST):
        person = bench.somebody()
        # A large batch, and then a single event that comes before it in time.
        bench.deliver_until_answered([bench.order(person) for _ in range(LARGE)])
        bench.deliver_until_answered([bench.order(person, age_s=60)])
        bench.waiting = [row.shard for row in bench.edge.rows(WAITING)]
        bench.scissors.set(number, Cut.AFTER)
        finished = done(bench, job)
        if not bench.scissors.put_away():
            assert finished
            assert number > LEAST
            break
        while not done(bench, job):
            threading.Event().wait(BREATH_S)
    bench.assert_kept()


def done(bench: Bench, job: Job) -> bool:
    """Do a job as a task does, which leaves to its next run what an outage has kept it from."""
    try:
        job(bench)
    except StoreUnavailable:
        return False
    return True
