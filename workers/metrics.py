"""What do the processes of the pseudonymous side count?  Labels are names of tasks and of ours."""

from __future__ import annotations

import time
from typing import Any, Final

from celery import signals
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # a budget is 30

TASKS = Counter(
    "paravent_tasks",
    "Tasks that ended, by whether they did their work or failed.",
    ("task", "outcome"),
    registry=REGISTRY,
)
TASK_SECONDS = Histogram(
    "paravent_task_seconds",
    "Time a task worked.",
    ("task",),
    buckets=SECONDS,
    registry=REGISTRY,
)
ANNOUNCED = Counter(
    "paravent_relay_announcements",
    "Rows of the outbox the broker has taken.",
    registry=REGISTRY,
)
REMINDED = Counter(
    "paravent_relay_reminders",
    "Times the relay woke a drain that nothing had announced: a broker lost a message.",
    registry=REGISTRY,
)
MISSING = Gauge(
    "paravent_relay_missing",
    "Whether the relay waits for the store or the broker.",
    ("part",),
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
LISTENING = Gauge(
    "paravent_relays",
    "Relay processes that listen to the outbox.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
IN_CHARGE = Gauge(
    "paravent_beats_in_charge",
    "Clock processes that send periodic tasks: one, of however many run.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
RECONNECTED = Counter(
    "paravent_worker_reconnections",
    "Times a worker connected anew because an acknowledgement was lost with the broker.",
    registry=REGISTRY,
)

_began: dict[str, float] = {}  # by task id; a process runs one task at a time


def count_tasks() -> None:
    """Count tasks from now on, in this process and in those it forks."""
    signals.task_prerun.connect(_begun, weak=False)
    signals.task_postrun.connect(_ended, weak=False)


def _begun(task_id: str = "", **_: object) -> None:
    _began[task_id] = time.perf_counter()


def _ended(task_id: str = "", task: Any = None, state: str = "", **_: object) -> None:  # noqa: ANN401  the signal's signature
    name = getattr(task, "name", "task")
    TASKS.labels(task=name, outcome="done" if state == "SUCCESS" else "failed").inc()
    began = _began.pop(task_id, None)
    if began is not None:
        TASK_SECONDS.labels(task=name).observe(time.perf_counter() - began)
