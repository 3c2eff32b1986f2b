"""What is answered at ``/metrics``: what the processes counted, and what waits in the store now.

How far each lane is behind stands in the store, so it is read there when somebody asks; nothing
has to be told about it while events come in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from gateway import metrics
from gateway.ingest.routes import Ingest
from gateway.wiring import Edge
from policies.errors import ParaventError, StoreUnavailable
from workers.counting import counted
from workers.store import backlog, quarantine
from workers.store.backlog import Backlog
from workers.store.errors import StoreBusy
from workers.store.quarantine import Held
from workers.store.transactions import transaction

TICK_S: Final = 1.0
LATELY: Final = timedelta(hours=1)  # long enough to be scraped, and to be seen
READINGS: Final = {
    "paravent_part_up": "Whether a part answers: store, vault, keys.",
    "paravent_dirty_rows": "Rows of the bulk lane that wait to be folded, counted to 100 000.",
    "paravent_dirty_oldest_seconds": "Age of the oldest of them; 0 when none waits.",
    "paravent_dirty_aside_rows": "Rows that wait until their subject's restriction ends.",
    "paravent_outbox_rows": "Announcements the relay has not delivered, counted to 100 000.",
    "paravent_outbox_oldest_seconds": "Age of the oldest of them; 0 when none waits.",
    "paravent_refresh_age_seconds": "Time since memberships were last brought up to date.",
    "paravent_retention_age_seconds": "Time since everything was gone over for what expires.",
    "paravent_keys_overdue_seconds": (
        "How long ago a wrapping key should have been made or destroyed; 0 when nothing is due."
    ),
    "paravent_quarantine_rows": "Suspect events that wait for the data protection officer.",
    "paravent_quarantine_bytes": "Bytes sealed in them.",
    "paravent_quarantine_oldest_seconds": "Age of the oldest of them; 0 when none waits.",
    "paravent_reidentifications_lately": (
        "Re-identifications opened in the last hour, over HTTP or by command."
    ),
    "paravent_withdrawal_oldest_seconds": (
        "Age of the oldest withdrawal whose events are not erased yet; 0 when none waits."
    ),
}


def exposition(edge: Edge) -> bytes:
    """Give everything there is to say, in Prometheus' text form."""
    now = CollectorRegistry()
    now.register(_Now(edge))
    return counted(metrics.REGISTRY) + generate_latest(now)


class _Now(Collector):
    """Reads what stands elsewhere; a store that does not answer leaves its readings out."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Give no names beforehand: a registry would otherwise ask for all values to learn them."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give every reading."""
        parts = self._edge.dependencies()
        up = GaugeMetricFamily("paravent_part_up", READINGS["paravent_part_up"], labels=["part"])
        for part, state in parts.items():
            up.add_metric([part], float(state == "ready"))
        yield up
        overdue = _overdue(self._edge) if "away" not in parts.values() else None
        if overdue is not None:
            name = "paravent_keys_overdue_seconds"
            yield GaugeMetricFamily(name, READINGS[name], value=overdue)
        lately = _opened_lately(self._edge) if parts["vault"] == "ready" else None
        if lately is not None:
            name = "paravent_reidentifications_lately"
            yield GaugeMetricFamily(name, READINGS[name], value=lately)
        now_us = time.time_ns() // 1_000
        found = _looked(self._edge.store_engine, now_us) if parts["store"] == "ready" else None
        if found is not None:
            for name, value in _readings(*found, now_us).items():
                yield GaugeMetricFamily(name, READINGS[name], value=value)


def _looked(engine: Engine, now_us: int) -> tuple[Backlog, Held] | None:
    try:
        with transaction(engine) as connection:
            return backlog.look(connection), quarantine.held(connection, now_us)
    except (StoreUnavailable, StoreBusy):
        return None


def _overdue(edge: Edge) -> float | None:
    schedule = edge.rights.ports.schedule
    if schedule is None:
        return None
    try:
        return edge.key_life.overdue(schedule, datetime.now(UTC)).total_seconds()
    except ParaventError:
        return None


def _opened_lately(edge: Edge) -> int | None:
    try:
        return edge.reidentifications.opened_lately(LATELY)
    except ParaventError:
        return None


def _readings(found: Backlog, aside: Held, now_us: int) -> dict[str, float]:
    def age(since_us: int | None) -> float:
        return 0.0 if since_us is None else max(0.0, (now_us - since_us) / 1e6)

    readings = {
        "paravent_dirty_rows": float(found.dirty),
        "paravent_dirty_oldest_seconds": age(found.dirty_since_us),
        "paravent_dirty_aside_rows": float(found.aside),
        "paravent_outbox_rows": float(found.outbox),
        "paravent_outbox_oldest_seconds": age(found.outbox_since_us),
        "paravent_quarantine_rows": float(aside.waiting),
        "paravent_quarantine_bytes": float(aside.bytes),
        "paravent_quarantine_oldest_seconds": age(aside.waiting_us),
        "paravent_withdrawal_oldest_seconds": age(found.withdrawn_us),
    }
    past = {
        "paravent_refresh_age_seconds": found.refreshed_us,
        "paravent_retention_age_seconds": found.expired_us,
    }
    return readings | {name: age(since_us) for name, since_us in past.items() if since_us}


async def keep_gauges(front: Ingest, edge: Edge) -> None:
    """Say once a second how full this process's queue is, and whether it takes its leave.

    A gauge that several processes share is written down, not asked for.
    """
    metrics.SERVING.set(1)
    while True:
        groups = edge.groups
        if groups is not None:
            metrics.QUEUE.set(groups.waiting_bytes)
            metrics.QUEUE_REQUESTS.set(groups.waiting_requests)
            metrics.QUEUE_LIMIT.set(groups.limit_bytes)
        metrics.DRAINING.set(float(front.draining))
        await asyncio.sleep(TICK_S)
