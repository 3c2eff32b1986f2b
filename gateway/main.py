"""Start the gateway process: read its settings, say nothing that names anybody, serve."""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn

from gateway.announcing import handed_down
from gateway.app import create_app
from gateway.counted import CountedAnswers
from gateway.ingest.routes import App
from gateway.logs import configure
from gateway.protocol import BoundedHead
from gateway.serving import DrainingServer
from gateway.settings import GatewaySettings, read_settings
from policies.errors import ParaventError

DRAIN_S = 20  # seconds a stopping process gives the requests it holds

# Longer than balancers keep an idle connection (60 s is usual), so that it is they who hang up:
# whoever is hung up on may have sent a request at that very moment.
KEEP_ALIVE_S = 75


def served(app: App, *, host: str, port: int, **more: Any) -> uvicorn.Config:  # noqa: ANN401
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
        timeout_keep_alive=KEEP_ALIVE_S,
        **more,
    )


def _listening(settings: GatewaySettings) -> list[socket.socket] | None:
    """Give the socket that was handed down; unset, the server opens its own."""
    number = handed_down()
    number = settings.listen_fd if number is None else number
    return None if number is None else [socket.socket(fileno=number)]


def main() -> int:
    """Serve until told to stop; give the process's exit code."""
    configure()
    try:
        settings = read_settings()
        app = create_app(settings)
        config = served(CountedAnswers(app), host=settings.host, port=settings.port)
        server = DrainingServer(config, app, linger_s=settings.linger_s)
        server.run(_listening(settings))
    except ParaventError as error:
        sys.stderr.write(f"error: {error}\nremedy: {error.remedy}\n")
        return 1
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
