"""Tasks that make what is on record provable."""

from __future__ import annotations

from celery import shared_task

from workers.jobs.anchor import anchor_consents
from workers.jobs.clock import deadline, now_us
from workers.tasks.runtime import TASK_BUDGET_S, runtime


@shared_task(name="anchor-consents")
def anchor_consents_task() -> None:
    """Anchor new consent records for a while; come back soon when some are left."""
    run = runtime()
    if anchor_consents(run.engine, clock=now_us, until=deadline(TASK_BUDGET_S)):
        anchor_consents_task.delay()
