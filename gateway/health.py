"""Is this process alive, can it serve, and what has it counted?

The first two are open to anybody: a load balancer carries no credential, and
they name our parts and nobody else.  The counters are not, in production:
whoever may send an event would see in them what became of it.
"""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from gateway.dependencies import MetricsReader, WiredEdge
from gateway.errors import RETRY_SECONDS
from gateway.exposition import exposition
from gateway.ingest.routes import Ingest
from gateway.openapi import WANTS_CREDENTIAL, problems
from gateway.wiring import Edge

router = APIRouter(tags=["operations"])

PATIENCE_S = 2.0  # a load balancer asks again soon, and must not wait for a database that hangs


class Alive(BaseModel):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """What ingest needs, and whether it is there.

    ``draining``: this process is about to stop, and answers what it holds; turn to another.
    ``full``: more waits for its commit than may; it empties by itself once the databases keep up.
    """

    gateway: Literal["serving", "draining"] = "serving"
    store: Literal["ready", "away"] = "away"
    vault: Literal["ready", "away"] = "away"
    keys: Literal["ready", "away"] = "away"
    queue: Literal["open", "full"] = "open"

    @property
    def serves(self) -> bool:
        """Say whether requests should be sent here."""
        return not {"away", "full", "draining"} & set(self.model_dump().values())


class Probe:
    """Asks what ingest needs once at a time, however many want to know, and waits a while only."""

    def __init__(self) -> None:
        self._asking: asyncio.Future[dict[str, str]] | None = None

    async def ask(self, edge: Edge) -> dict[str, str]:
        """Give what answers; a database that hangs is away."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(asyncio.to_thread(edge.dependencies))
        done, _ = await asyncio.wait({self._asking}, timeout=PATIENCE_S)
        return self._asking.result() if done else {}


@router.get("/healthz")
async def alive() -> Alive:
    """Say that the process runs."""
    return Alive()


@router.get(
    "/readyz",
    responses={
        503: {
            "description": "Something ingest needs is away, or this process is about to stop.",
            "model": Readiness,
            "headers": {"Retry-After": {"schema": {"type": "integer"}, "required": True}},
        }
    },
)
async def ready(request: Request, edge: WiredEdge, response: Response) -> Readiness:
    """Say whether to send requests here, and what keeps from it."""
    probe: Probe = request.app.state.probe
    front: Ingest = request.app.state.front
    found = Readiness.model_validate(
        await probe.ask(edge)
        | {
            "gateway": "draining" if front.draining else "serving",
            "queue": "full" if edge.groups is not None and edge.groups.full else "open",
        }
    )
    if not found.serves:
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
def metrics(_reader: MetricsReader, edge: WiredEdge) -> Response:
    """Give what was counted, and what waits now, for Prometheus; no label names a person.

    Wants an operator's token where PARAVENT_METRICS says so, as it does in production.
    """
    return Response(exposition(edge), media_type=CONTENT_TYPE_LATEST)
