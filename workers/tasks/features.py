"""Tasks that fold dirty events."""

from __future__ import annotations

from celery import shared_task

from workers.jobs.clock import deadline, now_us
from workers.jobs.drain import drain_all
from workers.jobs.portions import Portion
from workers.tasks.runtime import TASK_BUDGET_S, by_the_rules

_PORTION = Portion()  # what this process has learnt about it, from task to task


@shared_task(name="drain-batch")
def drain_batch_task(batch_id: int) -> None:
    """Fold what is dirty: the batch that woke us, and whatever else waits."""
    del batch_id  # a wake-up call names its batch for whoever reads the broker's log
    _drain()


@shared_task(name="drain-dirty")
def drain_dirty_task() -> None:
    """Fold what is dirty, when no wake-up call came through."""
    _drain()


def _drain() -> None:
    until = deadline(TASK_BUDGET_S)
    unfinished = by_the_rules(
        lambda run: drain_all(run.engine, run.ctx, clock=now_us, until=until, portion=_PORTION)
    )
    if unfinished:
        drain_dirty_task.delay()
