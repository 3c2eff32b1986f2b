"""From the outbox to the broker: wake the workers, and lose nothing while the broker is away.

Rows are claimed, sent and deleted in one transaction.  When the broker does not take a message the
transaction is rolled back: the rows stay, the relay waits a little longer each time, and goes on
by itself.  A relay killed between sending and deleting sends once more, which is harmless, since
a message only says that there is work.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from typing import Final

import structlog
from celery import Celery
from sqlalchemy import Connection, Engine

from workers import metrics
from workers.app import DRAIN_BATCH, DRAIN_DIRTY, ERASE_WITHDRAWN, REFRESH
from workers.courier import Courier
from workers.errors import BrokerUnavailable
from workers.jobs.clock import now_us
from workers.store import dirty, outbox
from workers.store.errors import StoreBusy, StoreUnavailable
from workers.store.outbox import Announcement
from workers.store.transactions import autocommit, transaction

log = structlog.get_logger("paravent.relay")

# A topic names the task it wakes.
TOPICS: Final = frozenset({DRAIN_BATCH, ERASE_WITHDRAWN, REFRESH})
CLAIM = 500  # rows a transaction
POLL_S = 1.0  # how long a lost notification delays a message
BREATH_S = 0.02  # between two deliveries, so that a burst of commits becomes few messages
OVERDUE_US = 3_000_000  # a drain that was woken has begun by then
LONGEST_WAIT_S = 30.0


class Relay:
    """Delivers the outbox until it is told to stop."""

    def __init__(self, engine: Engine, app: Celery) -> None:
        self._engine = engine
        self._courier = Courier(app)
        self._reminded_us = 0
        self._patience_us = OVERDUE_US
        self._away: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Deliver until *stop* is set; outlast absences of the store and of the broker."""
        failures = 0
        while not stop.is_set():
            try:
                with autocommit(self._engine) as ear:
                    outbox.listen(ear)
                    log.info("listening")
                    metrics.LISTENING.set(1)
                    while not stop.is_set():
                        self._round(ear, stop)
                        failures = 0
            except (StoreUnavailable, StoreBusy):
                self._missing("store")
            except BrokerUnavailable:
                self._missing("broker")
            failures += 1
            if not stop.is_set():
                stop.wait(_pause(failures))
        self._courier.close()

    def deliver(self) -> int:
        """Send what waits, the newest of each topic standing for all; give how many rows went.

        Raises:
            BrokerUnavailable: nothing was deleted; the rows wait.
        """
        with transaction(self._engine) as connection:
            rows = [row for row in outbox.claim(connection, CLAIM) if row.topic in TOPICS]
            for row in _newest(rows):
                self._courier.send(row.topic, row.reference)
            outbox.done(connection, [row.id for row in rows])
        metrics.ANNOUNCED.inc(len(rows))
        return len(rows)

    def remind(self) -> bool:
        """Wake a drain when dirty events wait though nothing announces them; say whether it did.

        A broker that lost its messages is the reason for this.  While nobody drains, each
        reminder waits twice as long as the one before.
        """
        now = now_us()
        with transaction(self._engine) as connection:
            count, oldest_us = dirty.behind(connection)
        if not count or oldest_us is None or now - oldest_us < OVERDUE_US:
            self._patience_us = OVERDUE_US
            return False
        if now - self._reminded_us < self._patience_us:
            return False
        self._courier.send(DRAIN_DIRTY)
        metrics.REMINDED.inc()
        self._reminded_us = now
        self._patience_us = min(2 * self._patience_us, int(LONGEST_WAIT_S * 1_000_000))
        return True

    def _round(self, ear: Connection, stop: threading.Event) -> None:
        while self.deliver() == CLAIM:
            pass
        self.remind()
        if self._away is not None:
            log.info("back", part=self._away)
            metrics.MISSING.labels(part=self._away).set(0)
            self._away = None
        if outbox.wait(ear, POLL_S):
            stop.wait(BREATH_S)

    def _missing(self, who: str) -> None:
        if self._away != who:
            log.warning("away", part=who)  # what waits stays in the outbox
            metrics.MISSING.labels(part=who).set(1)
            self._away = who


def _newest(rows: Sequence[Announcement]) -> list[Announcement]:
    """Give the newest row of each topic: one wake-up call drains everything."""
    return list({row.topic: row for row in rows}.values())


def _pause(failures: int) -> float:
    """Give how long to wait after so many failures in a row, with some chance in it."""
    longest = min(0.25 * 2.0 ** min(failures, 10), LONGEST_WAIT_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  no secret depends on it
