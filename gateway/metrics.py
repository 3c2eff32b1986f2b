"""What does the gateway count?  Labels are names of the rulebook and of ours, never of people."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.ingest.drafts import Tally

REGISTRY = CollectorRegistry()
EVENTS = Counter(
    "paravent_events",
    "Events by what became of them: stored, duplicate, noted, or the reason of their refusal.",
    ("event", "outcome"),
    registry=REGISTRY,
)
DROPPED = Counter(
    "paravent_dropped_properties",
    "Properties that were not kept, by event of the rulebook.",
    ("event",),
    registry=REGISTRY,
)
QUEUE = Gauge(
    "paravent_commit_queue_bytes",
    "Bytes of decoded bodies that wait for their commit.",
    registry=REGISTRY,
)


def observe(tally: Tally) -> None:
    """Add what one commit group counted."""
    for (_, event, outcome), count in tally.outcomes.items():
        EVENTS.labels(event=event, outcome=outcome).inc(count)
    for (_, event, _name), count in tally.dropped.items():
        DROPPED.labels(event=event).inc(count)
