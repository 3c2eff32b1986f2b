"""The clock that sends periodic tasks; of several, one is in charge."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Celery
from celery.beat import Scheduler, Service
from sqlalchemy import Connection, Engine

from workers import metrics
from workers.store import turns
from workers.store.errors import StoreBusy, StoreUnavailable
from workers.store.transactions import autocommit

log = structlog.get_logger("paravent.beat")

STANDBY_S = 5.0
TICK_S = 5  # seconds between two looks at the lock


class Beat:
    """Sends the schedule of an application while it holds the turn in the store."""

    def __init__(self, app: Celery, engine: Engine) -> None:
        self._app = app
        self._engine = engine
        self._service: Service | None = None
        self._stopped = False

    def stop(self) -> None:
        """Stop at the next occasion; callable from a signal handler."""
        self._stopped = True
        if self._service is not None:
            self._service.stop()

    def run(self, wait: Any) -> None:  # noqa: ANN401  a callable that sleeps
        """Be in charge when the turn is free, stand by while another process has it.

        The schedule is kept in memory: a beat that takes over begins its intervals anew, and what
        it sends twice finds its work done.
        """
        while not self._stopped:
            try:
                with autocommit(self._engine) as connection:
                    if turns.take(connection, turns.BEAT):
                        self._send(connection)
            except (StoreUnavailable, StoreBusy):
                log.warning("away", part="store")  # no periodic task is sent
            if not self._stopped:
                wait(STANDBY_S)

    def _send(self, connection: Connection) -> None:
        """Send what is due until stopped, or until the connection with the lock breaks."""
        log.info("in-charge")

        class Guarded(Scheduler):
            """Sends nothing once the lock may be another's."""

            def tick(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the library's signature
                turns.check(connection)
                return super().tick(*args, **kwargs)

        self._service = Service(self._app, max_interval=TICK_S, scheduler_cls=Guarded)
        metrics.IN_CHARGE.set(1)
        try:
            self._service.start()
        finally:
            metrics.IN_CHARGE.set(0)
