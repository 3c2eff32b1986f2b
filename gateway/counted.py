"""How many requests were answered how, and how long did they take?"""

from __future__ import annotations

import time
from typing import Any, Final

from gateway import metrics
from gateway.ingest import body as bodies
from gateway.ingest.routes import CALLS, App, Scope, Send

# What a path is counted as.  Never the path itself: somebody else wrote it.
DOORS: Final = (
    ("/v1/consents", "consents"),
    ("/v1/segments", "segments"),
    ("/v1/subjects", "subjects"),
    ("/v1/rights", "rights"),
    ("/v1/audit", "audit"),
    ("/healthz", "operations"),
    ("/readyz", "operations"),
    ("/metrics", "operations"),
)


def door_of(path: str) -> str:
    """Give what a request to *path* is counted as."""
    if path in CALLS:
        return "ingest"
    return next((door for prefix, door in DOORS if path.startswith(prefix)), "other")


class CountedAnswers:
    """Counts what the application *behind* answers."""

    def __init__(self, behind: App) -> None:
        self._behind = behind

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        """Pass one request on, and count its answer."""
        if scope["type"] != "http":
            await self._behind(scope, receive, send)
            return
        began = time.perf_counter()
        status = "none"  # the client left before there was an answer

        async def heard(message: Any) -> None:  # noqa: ANN401  an ASGI message
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._behind(scope, receive, heard)
        finally:
            door = door_of(scope["path"])
            metrics.ANSWERS.labels(door=door, status=status).inc()
            metrics.ANSWER_SECONDS.labels(door=door).observe(time.perf_counter() - began)
