"""What does a gateway process count?

Labels are names of the rulebook and of ours, never of people, and no label makes so small a group
that a person stands out in it (R-112).  Where several processes serve one address they count into
one folder (``PROMETHEUS_MULTIPROC_DIR``), and whichever is asked gives the sum.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.ingest.drafts import Tally
from gateway.stages import Stage, Stopwatch
from policies.decisions import Reason
from policies.vocabulary import Suspicion

REGISTRY = CollectorRegistry()
# From a tenth of a millisecond, which is less than any stage of a batch takes, to the eight seconds
# after which an answer is given up on.
SECONDS: Final = (
    0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0,
)  # fmt: skip
SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
# What says something about the person and not about the event is counted without the event: few
# are erased, and fewer still by the event they might have sent.
ABOUT_PEOPLE: Final = frozenset({Reason.SUPPRESSED, Reason.RESTRICTED, Reason.OBJECTED})
ANY_EVENT: Final = "(any)"

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
QUARANTINED = Counter(
    "paravent_quarantined",
    "Suspect events that were sealed for the data protection officer, by reason.",
    ("reason",),
    registry=REGISTRY,
)
# All there from the start: an alert sees the first one only as a change from none.
SET_ASIDE: Final = {reason: QUARANTINED.labels(reason=reason) for reason in map(str, Suspicion)}
TC_STRINGS = Counter(
    "paravent_tc_strings",
    "TC strings that were read: believed, or the flaw for which they grant nothing.",
    ("read",),
    registry=REGISTRY,
)
REIDENTIFICATIONS = Counter(
    "paravent_reidentifications",
    "Steps of re-identifications over HTTP: asked, approved, refused, opened, expired; denied to"
    " whoever reached for more; asked for while it is off.",
    ("outcome",),
    registry=REGISTRY,
)
ANSWERS = Counter(
    "paravent_answers",
    "Answered requests, by the part of the interface and by status.",
    ("door", "status"),
    registry=REGISTRY,
)
ANSWER_SECONDS = Histogram(
    "paravent_answer_seconds",
    "From a request's head to its answer, by the part of the interface.",
    ("door",),
    buckets=SECONDS,
    registry=REGISTRY,
)
STAGES = Histogram(
    "paravent_stage_seconds",
    "Time of one stage: decode of a request, the others of a commit group.",
    ("stage",),
    buckets=SECONDS,
    registry=REGISTRY,
)
# Looked up once: finding a label costs as much as counting it.
STAGE: Final = {stage: STAGES.labels(stage=stage) for stage in Stage}
DECODING: Final = STAGE[Stage.DECODE]
GROUPS = Counter(
    "paravent_groups",
    "Commit groups, by whether they were committed or failed.",
    ("outcome",),
    registry=REGISTRY,
)
GROUP_EVENTS = Histogram(
    "paravent_group_events",
    "Events that shared a commit.",
    buckets=SIZES,
    registry=REGISTRY,
)
GROUP_REQUESTS = Histogram(
    "paravent_group_requests",
    "Requests that shared a commit.",
    buckets=SIZES,
    registry=REGISTRY,
)
DATABASE = Histogram(
    "paravent_database_seconds",
    "Time a connection was in use: one transaction, with its commit.",
    ("database",),
    buckets=SECONDS,
    registry=REGISTRY,
)
KEYS = Histogram(
    "paravent_key_seconds",
    "Time the key provider took, by operation.",
    ("operation",),
    buckets=SECONDS,
    registry=REGISTRY,
)
QUEUE = Gauge(
    "paravent_commit_queue_bytes",
    "Bytes of decoded bodies that wait for their commit.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
QUEUE_REQUESTS = Gauge(
    "paravent_commit_queue_requests",
    "Requests that wait for their commit.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
QUEUE_LIMIT = Gauge(
    "paravent_commit_queue_limit_bytes",
    "Bytes that may wait; beyond it the answer is 429.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
DRAINING = Gauge(
    "paravent_gateways_draining",
    "Gateway processes that are about to stop.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
SERVING = Gauge(
    "paravent_gateways",
    "Gateway processes that run.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)


def observe(tally: Tally) -> None:
    """Add what one commit group counted."""
    for (_, event, outcome), count in tally.outcomes.items():
        about = ANY_EVENT if outcome in ABOUT_PEOPLE else event
        EVENTS.labels(event=about, outcome=outcome).inc(count)
    for (_, event, _name), count in tally.dropped.items():
        DROPPED.labels(event=event).inc(count)
    observe_set_aside(tally)


def observe_set_aside(tally: Tally) -> None:
    """Add what one commit group set aside."""
    for reason, count in tally.set_aside.items():
        SET_ASIDE[reason].inc(count)


def reidentification(outcome: str) -> None:
    """Count a step of a re-identification."""
    REIDENTIFICATIONS.labels(outcome=outcome).inc()


def tc_string(read: str) -> None:
    """Count a TC string, by what became of it."""
    TC_STRINGS.labels(read=read).inc()


def observe_group(watch: Stopwatch) -> None:
    """Add the times of one commit group: one observation a stage, however many events."""
    GROUPS.labels(outcome="failed" if watch.failed else "committed").inc()
    GROUP_EVENTS.observe(watch.events)
    GROUP_REQUESTS.observe(watch.requests)
    for lap in watch.laps:
        # A clock that was set back must not make a histogram's sum go down.
        STAGE[lap.stage].observe(max(0, lap.ended_ns - lap.began_ns) / 1e9)
