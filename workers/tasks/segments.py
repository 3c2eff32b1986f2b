"""Tasks that bring memberships up to the present."""

from __future__ import annotations

from celery import shared_task

from workers.jobs.clock import deadline
from workers.jobs.refresh import refresh
from workers.tasks.runtime import TASK_BUDGET_S, runtime


@shared_task(name="refresh-memberships")
def refresh_memberships_task() -> None:
    """Re-evaluate whoever time or consent may have moved; the next call resumes an open run."""
    run = runtime()
    outcome = refresh(run.engine, run.ctx, until=deadline(TASK_BUDGET_S))
    if not outcome.finished:
        refresh_memberships_task.delay()
