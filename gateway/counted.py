"""How many requests were answered how, and how long did they take?"""

from __future__ import annotations

import time
from typing import Any, Final

from gateway import metrics
from gateway.ingest import body as bodies
from gateway.ingest.routes import CALLS, Ingest, Scope, Send
from workers.tracing import REQUEST, kept

# What a path is counted as.  Never the path itself: somebody else wrote it.
DOORS: Final = (
    ("/v1/consents", "consents"),
    ("/v1/notices", "consents"),
    ("/v1/governance", "governance"),
    ("/v1/rulebooks", "rulebooks"),
    ("/v1/transparency", "transparency"),
    ("/.well-known", "transparency"),
    ("/v1/segments", "segments"),
    ("/v1/subjects", "subjects"),
    ("/v1/rights", "rights"),
    ("/v1/reidentifications", "reidentification"),
    ("/v1/audit", "audit"),
    ("/healthz", "operations"),
    ("/readyz", "operations"),
    ("/metrics", "operations"),
)
UNANSWERED: Final = "none"  # the client left before there was an answer


def door_of(path: str) -> str:
    """Give what a request to *path* is counted as."""
    if path in CALLS:
        return "ingest"
    return next((door for prefix, door in DOORS if path.startswith(prefix)), "other")


class CountedAnswers:
    """Counts what the application behind *front* answers, and traces it where that is on."""

    def __init__(self, front: Ingest) -> None:
        self._front = front

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        """Pass one request on, and count its answer."""
        if scope["type"] != "http":
            await self._front(scope, receive, send)
            return
        began = time.perf_counter()
        door = door_of(scope["path"])
        status = UNANSWERED

        async def heard(message: Any) -> None:  # noqa: ANN401  an ASGI message
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        tracing = self._front.tracing
        span = None if tracing is None else tracing.begin("request", time.time_ns())
        if span is not None:
            REQUEST.set(span.get_span_context())  # each request is a task with a context of its own
        try:
            await self._front(scope, receive, heard)
        finally:
            metrics.ANSWERS.labels(door=door, status=status).inc()
            metrics.ANSWER_SECONDS.labels(door=door).observe(time.perf_counter() - began)
            if span is not None:
                span.set_attributes(kept({"door": door, "status": status}))
                span.end()
