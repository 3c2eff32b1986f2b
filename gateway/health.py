"""Is this process alive, can it serve, and what has it counted?"""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.dependencies import WiredEdge
from gateway.errors import RETRY_SECONDS
from gateway.metrics import REGISTRY

router = APIRouter(tags=["operations"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """Say that the process runs."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "A dependency is away."}})
def ready(edge: WiredEdge, response: Response) -> dict[str, str]:
    """Say which dependency is there; 503 when one that ingest needs is away."""
    found = edge.dependencies()
    if "away" in found.values():
        response.status_code = 503
        response.headers["retry-after"] = str(RETRY_SECONDS)
    return found


@router.get("/metrics", response_class=Response)
def metrics() -> Response:
    """Give this process's counters for Prometheus; no label names a person."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
