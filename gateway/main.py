"""Start the gateway process: read its settings, say nothing that names anybody, serve."""

from __future__ import annotations

import sys

import uvicorn

from gateway.app import create_app
from gateway.logs import configure
from gateway.settings import GatewaySettings
from policies.errors import ParaventError

DRAIN_S = 20  # seconds a stopping process gives the requests it holds


def main() -> int:
    """Serve until told to stop; give the process's exit code."""
    configure()
    try:
        settings = GatewaySettings()
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(settings),
                host=settings.host,
                port=settings.port,
                loop="uvloop",
                http="httptools",
                ws="none",  # nobody speaks it here, and its log lines quote the path
                log_config=None,
                access_log=False,  # a URL or an address may name somebody
                server_header=False,
                timeout_graceful_shutdown=DRAIN_S,
            )
        )
        server.run()
    except ParaventError as error:
        sys.stderr.write(f"error: {error}\nremedy: {error.remedy}\n")
        return 1
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
