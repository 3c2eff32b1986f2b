"""Is this process alive, can it serve, and what has it counted?

The first two are open to anybody: a load balancer carries no credential, and
they name our parts and nobody else.  The counters are not, in production:
whoever may send an event would see in them what became of it.
"""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from gateway.dependencies import MetricsReader, WiredEdge
from gateway.errors import RETRY_SECONDS
from gateway.metrics import REGISTRY
from gateway.openapi import WANTS_CREDENTIAL, problems
from gateway.wiring import Edge

router = APIRouter(tags=["operations"])

PATIENCE_S = 2.0  # a load balancer asks again soon, and must not wait for a database that hangs


class Alive(BaseModel):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """What ingest needs, and whether it answers."""

    store: Literal["ready", "away"] = "away"
    vault: Literal["ready", "away"] = "away"


class Probe:
    """Asks the databases once at a time, however many want to know, and waits for a while only."""

    def __init__(self) -> None:
        self._asking: asyncio.Future[dict[str, str]] | None = None

    async def ask(self, edge: Edge) -> Readiness:
        """Give what answers; a database that hangs is away."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(asyncio.to_thread(edge.dependencies))
        done, _ = await asyncio.wait({self._asking}, timeout=PATIENCE_S)
        return Readiness.model_validate(self._asking.result()) if done else Readiness()


@router.get("/healthz")
async def alive() -> Alive:
    """Say that the process runs."""
    return Alive()


@router.get(
    "/readyz",
    responses={
        503: {
            "description": "Something ingest needs is away.",
            "model": Readiness,
            "headers": {"Retry-After": {"schema": {"type": "integer"}, "required": True}},
        }
    },
)
async def ready(request: Request, edge: WiredEdge, response: Response) -> Readiness:
    """Say whether what ingest needs is there; 503 when something is away."""
    probe: Probe = request.app.state.probe
    found = await probe.ask(edge)
    if "away" in (found.store, found.vault):
        response.status_code = 503
        response.headers["retry-after"] = str(RETRY_SECONDS)
    return found


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Counters.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(*WANTS_CREDENTIAL),
    },
)
def metrics(_reader: MetricsReader) -> Response:
    """Give this process's counters for Prometheus; no label names a person.

    Wants an operator's token where PARAVENT_METRICS says so, as it does in production.
    """
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
