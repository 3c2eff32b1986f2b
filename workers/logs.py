"""What may a log line of a worker, a relay or a beat hold?"""

from __future__ import annotations

import logging
from typing import Any, Final

import structlog
from celery import signals

from policies.errors import ParaventError
from workers import lines

ALLOWED: Final = frozenset(
    {"at", "code", "count", "error", "event", "level", "logger", "part", "task", "timestamp"}
)
# Celery logs the text and the traceback of every exception here; `_task_failed` replaces it.
_TOO_TALKATIVE: Final = ("celery.app.trace",)

log = structlog.get_logger("paravent.worker")


def configure() -> None:
    """Send the log of this process to stderr as JSON, one line an entry."""
    lines.configure(allowed=ALLOWED, speaking=(), level=logging.INFO)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    signals.setup_logging.connect(_keep_ours, weak=False)
    signals.task_failure.connect(_task_failed, weak=False)
    signals.worker_ready.connect(_ready, weak=False)


def _keep_ours(**_: object) -> None:
    """Take the place of Celery's own set-up of logging."""


def _ready(**_: object) -> None:
    log.info("ready-for-tasks")


def _task_failed(
    sender: Any = None,  # noqa: ANN401  the signal's signature
    exception: BaseException | None = None,
    **_: object,
) -> None:
    said = {"task": getattr(sender, "name", "task")}
    if isinstance(exception, ParaventError):
        said["code"] = exception.code
    if exception is not None:
        said |= lines.named(exception)
    log.error("task-failed", **said)
