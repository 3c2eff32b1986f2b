"""The Celery application: where tasks travel, when the clock sends them.

A message carries a task name and at most the number of a batch; a worker reads the rest from the
store when it runs the task.  Losing every message delays work and loses none: what is to be done
stands in the store (the dirty set, the outbox, the retention of the rulebook).
"""

from __future__ import annotations

from typing import Final

from celery import Celery
from celery.schedules import crontab

from workers.settings import WorkersSettings
from workers.slots import SlotWatch
from workers.store import withdrawals

TASK_MODULES: Final = (
    "workers.tasks.features",
    "workers.tasks.segments",
    "workers.tasks.expiry",
    "workers.tasks.proof",
)
DRAIN_BATCH, DRAIN_DIRTY = "drain-batch", "drain-dirty"
REFRESH, EXPIRE = "refresh-memberships", "expire-events"
ERASE_WITHDRAWN = withdrawals.TOPIC
ANCHOR = "anchor-consents"


def celery_app(settings: WorkersSettings) -> Celery:
    """Give the application for these settings; nothing connects yet."""
    app = Celery("paravent", include=TASK_MODULES, set_as_current=True)
    app.conf.update(
        broker_url=settings.broker_url.get_secret_value(),
        broker_transport_options=_transport_options(settings),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # the broker may come back after a night
        broker_heartbeat=30,
        task_default_queue=settings.queue,
        beat_schedule=SCHEDULE,
        **_MESSAGES,
        **_WORK,
        **_SILENCE,
    )
    app.steps["consumer"].add(SlotWatch)
    return app


# JSON only: a pickle from a broker would be code from a broker.
_MESSAGES: Final = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_compression": None,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "timezone": "UTC",
}

# A task is acknowledged when it is done, so that the next worker finishes what a killed one left.
# Every task is safe to run twice, and works for TASK_BUDGET_S at most.  A child that was ever
# larger than a long history makes it is replaced; not after so many tasks, because each that is
# forked later keeps what its parent has open since.
_WORK: Final = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "task_time_limit": 100,
    "worker_max_memory_per_child": 400_000,  # KiB, resident
}

# No remote control (each worker would leave a pidbox behind), no events, no results: nothing but
# tasks goes through the broker.
_SILENCE: Final = {
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "task_send_sent_event": False,
    "task_track_started": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}

# A message that is older than its next of kin says nothing new.
SCHEDULE: Final = {
    DRAIN_DIRTY: {"task": DRAIN_DIRTY, "schedule": 30.0, "options": {"expires": 30}},
    REFRESH: {"task": REFRESH, "schedule": 300.0, "options": {"expires": 300}},
    ERASE_WITHDRAWN: {"task": ERASE_WITHDRAWN, "schedule": 60.0, "options": {"expires": 60}},
    ANCHOR: {"task": ANCHOR, "schedule": 300.0, "options": {"expires": 300}},
    EXPIRE: {"task": EXPIRE, "schedule": crontab(minute="17"), "options": {"expires": 3600}},
}


def _transport_options(settings: WorkersSettings) -> dict[str, object]:
    """Give what the broker at hand needs, told by its URL.

    Redis and Valkey: unacknowledged messages are looked for every two seconds instead of every
    hundred, so a killed worker's task comes back right after its visibility ended.  RabbitMQ: a
    publication counts when the broker confirms it.
    """
    if settings.broker_url.get_secret_value().startswith(("amqp", "pyamqp")):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": settings.visibility_s,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 5,
        "socket_timeout": 30,
        "socket_keepalive": True,
    }
