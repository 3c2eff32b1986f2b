"""Tasks that delete what is past its retention, or was withdrawn."""

from __future__ import annotations

from celery import shared_task

from workers.jobs.clock import deadline, now_us
from workers.jobs.expire import expire_events
from workers.jobs.withdraw import erase_withdrawn
from workers.tasks.runtime import TASK_BUDGET_S, by_the_rules


@shared_task(name="expire-events")
def expire_events_task() -> None:
    """Delete expired events for a while; come back soon when some are left."""
    until = deadline(TASK_BUDGET_S)
    unfinished = by_the_rules(
        lambda run: expire_events(run.engine, run.ctx, clock=now_us, until=until)
    )
    if unfinished:
        expire_events_task.delay()


@shared_task(name="erase-withdrawn")
def erase_withdrawn_task(withdrawal_id: int = 0) -> None:
    """Carry out the withdrawal that woke us and whatever else waits."""
    del withdrawal_id
    until = deadline(TASK_BUDGET_S)
    unfinished = by_the_rules(
        lambda run: erase_withdrawn(run.engine, run.ctx, clock=now_us, until=until)
    )
    if unfinished:
        erase_withdrawn_task.delay()
