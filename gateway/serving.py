"""How does a gateway process stop without cutting anybody short?

First it says so: 503 at ``/readyz``, so that a balancer turns elsewhere, and ``Connection: close``
with every answer, so that clients that keep their connections open do too.  It then answers what it
holds, and hangs up last.  What was answered was committed before.
"""

from __future__ import annotations

import asyncio
import socket

import uvicorn

from gateway.announcing import READY, STOPPING, announce
from gateway.ingest.routes import Ingest
from gateway.protocol import BoundedHead

_LOOK_S = 0.02


class DrainingServer(uvicorn.Server):
    """A server that takes leave before it goes."""

    def __init__(self, config: uvicorn.Config, front: Ingest, *, linger_s: float) -> None:
        super().__init__(config)
        self._front = front
        self._linger_s = linger_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell whoever started us."""
        await super().startup(sockets)
        if self.started:
            announce(READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take leave, then stop."""
        announce(STOPPING)
        self._front.draining = True
        await self._take_leave(shared=sockets is not None)
        await super().shutdown(sockets)

    async def _take_leave(self, *, shared: bool) -> None:
        """Let clients go by themselves for a while.

        A shared socket is accepted from by others, so nothing new is taken from it.  One of our own
        stays open: a balancer needs a moment to see that we are leaving.
        """
        if shared:
            for server in self.servers:
                server.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._linger_s
        while loop.time() < until and not self.force_exit:
            connections = [c for c in self.server_state.connections if isinstance(c, BoundedHead)]
            if shared and not connections:
                return
            for connection in connections:
                connection.leave()
            await asyncio.sleep(_LOOK_S)
