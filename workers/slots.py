"""A worker that never stops listening.

On Redis and Valkey the worker itself counts the messages it holds.  When the broker goes away just
as a task ends, the acknowledgement fails, its place stays taken, and a worker that holds one
message at a time would never ask for another (seen with Celery 5.7 and kombu 5.7:
``test_a_worker_that_could_not_acknowledge_goes_on``).
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import bootsteps
from celery.worker import state

from workers import metrics

log = structlog.get_logger("paravent.worker")

LOOK_S = 1.0
LOOKS = 5  # in a row, so that a message on its way into the pool is not mistaken for a lost one


class SlotWatch(bootsteps.StartStopStep):
    """Connects again when every place is taken although no task is at work."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:  # noqa: ANN401  the library's signature
        super().__init__(consumer)
        self._timer: Any = None
        self._full = 0

    def start(self, consumer: Any) -> None:  # noqa: ANN401  likewise
        """Look from now on, in the worker's own loop."""
        self._full = 0
        self._timer = consumer.timer.call_repeatedly(LOOK_S, self._look, (consumer,))

    def stop(self, consumer: Any) -> None:  # noqa: ANN401  likewise
        """Look no more."""
        del consumer
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, consumer: Any) -> None:  # noqa: ANN401  likewise
        channel = getattr(consumer.task_consumer, "channel", None)
        counting = getattr(channel, "qos", None)  # RabbitMQ counts on its own side
        full = counting is not None and not counting.can_consume()
        self._full = self._full + 1 if full and not state.reserved_requests else 0
        if self._full >= LOOKS:
            log.warning("acknowledgement-lost")  # connecting again
            metrics.RECONNECTED.inc()
            raise ConnectionResetError
