"""The gateway application: lifespan, routers, error handler; no logic."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from gateway import health
from gateway.exposition import keep_gauges
from gateway.ingest.openapi import INGEST_PATHS
from gateway.ingest.rates import Rates
from gateway.ingest.routes import Ingest
from gateway.middleware import BoundedBody
from gateway.openapi import completed
from gateway.refusals import add_error_handlers
from gateway.rights import strangers
from gateway.rights.gate import watch
from gateway.rights.key_life import keep
from gateway.rights.reidentification.expiring import keep_time
from gateway.rulebooks.following import follow
from gateway.settings import GatewaySettings
from gateway.wiring import Edge, open_edge

GARBAGE_OBJECTS = 50_000  # allocations between two looks at the youngest objects


def create_app(settings: GatewaySettings) -> Ingest:
    """Give the whole ASGI application: the ingest paths in front, the rest behind."""
    app = _framework(settings)
    front = Ingest(BoundedBody(app))
    app.state.front = front
    return front


def _framework(settings: GatewaySettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        edge: Edge = await asyncio.to_thread(open_edge, settings)
        app.state.edge = edge
        app.state.front.keys = edge.source_keys
        app.state.front.groups = edge.groups
        app.state.front.rates = Rates(settings.source_rate)
        app.state.front.tracing = edge.tracing
        settle_garbage()
        beside = [
            asyncio.create_task(keep_gauges(app.state.front, edge)),
            asyncio.create_task(follow(edge.ingest.in_force)),
            asyncio.create_task(watch(edge.gate)),
            asyncio.create_task(keep_time(edge.reidentifications)),
            asyncio.create_task(keep(edge.key_life, settings.schedule)),
            asyncio.create_task(strangers.keep(edge.rights.ports)),
        ]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            # What was taken is committed before the process ends.
            await asyncio.to_thread(edge.close)

    app = FastAPI(
        title="Paravent",
        summary="Consent-filtered, pseudonymised events in; segments and proof out.",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.metrics_open = settings.metrics_open
    app.state.probe = health.Probe()
    add_error_handlers(app)
    _include_routers(app)
    _document_ingest(app)
    return app


def settle_garbage() -> None:
    """Take what was built at start out of the collector's sight, and let it look less often.

    Decoding makes short-lived objects by the thousand and no cycles; the
    default thresholds cost a quarter of the batch path.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 20)


def _include_routers(app: FastAPI) -> None:
    from gateway.consent.routes import router as consent  # noqa: PLC0415  # only a process needs them
    from gateway.governance.routes import public_router as public  # noqa: PLC0415
    from gateway.governance.routes import router as governance  # noqa: PLC0415
    from gateway.rights.reidentification.routes import router as reidentification  # noqa: PLC0415
    from gateway.rights.routes import audit_router  # noqa: PLC0415
    from gateway.rights.routes import router as rights  # noqa: PLC0415
    from gateway.rulebooks.routes import router as rulebooks  # noqa: PLC0415
    from gateway.segments.routes import router as segments  # noqa: PLC0415

    about_people = (consent, segments, rights, reidentification)
    for router in (health.router, *about_people, audit_router, governance, public, rulebooks):
        app.include_router(router)


def _document_ingest(app: FastAPI) -> None:
    """Add the bare ASGI paths to the OpenAPI document the framework generates."""
    generated = app.openapi

    def whole() -> dict[str, Any]:
        return completed(generated(), INGEST_PATHS)

    app.openapi = whole  # type: ignore[method-assign]  # the documented way to extend it
