"""The spans of a gateway process: a request, and the commit group that worked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gateway.settings import GatewaySettings
from gateway.stages import Stopwatch
from workers.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

SERVICE: Final = "paravent-gateway"


def tracing_of(settings: GatewaySettings) -> Tracing | None:
    """Give what sends this process's spans; ``None`` unless an endpoint is set."""
    if settings.otlp_endpoint is None:
        return None
    return Tracing(settings.otlp_endpoint, service=SERVICE, share=settings.trace_share)


def add_group(tracing: Tracing, watch: Stopwatch, requests: Sequence[SpanContext]) -> None:
    """Add the span of a commit group and of each of its stages.

    A group works for several requests at once, so it is a trace of its own that names theirs.
    """
    outcome = "failed" if watch.failed else "committed"
    group = tracing.add(
        "commit-group",
        (watch.began_ns, watch.ended_ns),
        links=requests,
        attributes={"requests": watch.requests, "events": watch.events, "outcome": outcome},
    )
    for lap in watch.laps:
        tracing.add(lap.stage, (lap.began_ns, lap.ended_ns), parent=group)
