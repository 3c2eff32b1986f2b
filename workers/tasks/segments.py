"""Tasks that bring memberships up to the present."""

from __future__ import annotations

from celery import shared_task

from workers.jobs.clock import deadline
from workers.jobs.refresh import refresh
from workers.tasks.runtime import TASK_BUDGET_S, by_the_rules


@shared_task(name="refresh-memberships")
def refresh_memberships_task(change_id: int = 0) -> None:
    """Re-evaluate whoever time, consent or the rules may have moved; the next call goes on."""
    del change_id  # of the rulebook, when that is what woke us
    until = deadline(TASK_BUDGET_S)
    outcome = by_the_rules(lambda run: refresh(run.engine, run.ctx, until=until))
    if not outcome.finished:
        refresh_memberships_task.delay()
