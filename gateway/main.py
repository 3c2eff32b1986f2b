"""Start the gateway process: read its settings, say nothing that names anybody, serve."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

from gateway.app import create_app
from gateway.ingest.routes import Ingest
from gateway.logs import configure
from gateway.protocol import BoundedHead
from gateway.settings import GatewaySettings
from policies.errors import ParaventError

DRAIN_S = 20  # seconds a stopping process gives the requests it holds


def served(app: Ingest, *, host: str, port: int, **more: Any) -> uvicorn.Config:  # noqa: ANN401
    """Say how *app* is served; *more* are the server's own settings."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHead,
        ws="none",  # nobody speaks it here, and its log lines quote the path
        log_config=None,
        access_log=False,  # a URL or an address may name somebody
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        **more,
    )


def main() -> int:
    """Serve until told to stop; give the process's exit code."""
    configure()
    try:
        settings = GatewaySettings()
        server = uvicorn.Server(
            served(create_app(settings), host=settings.host, port=settings.port)
        )
        server.run()
    except ParaventError as error:
        sys.stderr.write(f"error: {error}\nremedy: {error.remedy}\n")
        return 1
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
