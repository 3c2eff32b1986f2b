"""How do several gateway processes serve one address, and how is each renewed unnoticed?

All of them accept from one listening socket, which this process opens and hands down.  A connection
waits in that socket's queue until somebody takes it, so none is refused while one process replaces
another, nor reset, as it would be where each had a queue of its own (SO_REUSEPORT).
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from gateway.addresses import module
from gateway.announcing import Notices
from gateway.supervisor import Child
from policies.errors import ParaventError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gateway.installation import Installation

BACKLOG = 2_048  # connections that may wait; the kernel's own limit (somaxconn) may be lower


class PortTaken(ParaventError):
    """Another program listens where the gateway was to listen."""

    code = "port-taken"
    remedy = "Name another port with --port, or --port 0 for any free one."


def bound(host: str, port: int) -> socket.socket:
    """Give a socket on *port*, or on any free one for 0; nobody can connect before it listens.

    Raises:
        PortTaken: somebody listens there, or the address is not this machine's.
    """
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as failure:
        taken.close()
        raise PortTaken(
            f"{host}:{port} cannot be listened on ({failure.strerror}); needed a free port"
        ) from None
    return taken


class GatewayChild(Child):
    """A gateway process that says when it is ready."""

    def __init__(
        self,
        environment: Mapping[str, str],
        at: socket.socket,
        *,
        folder: Path,
        log: Path,
    ) -> None:
        self._notices = Notices()
        own = {"PARAVENT_LISTEN_FD": str(at.fileno()), "NOTIFY_SOCKET": self._notices.address}
        super().__init__(
            module("gateway.main"),
            {**environment, **own},
            folder=folder,
            log=log,
            inherited=(at.fileno(),),
        )

    def start(self) -> None:
        """Start it, deaf to what the one before has said."""
        self._notices.forget()
        super().start()

    def ready(self) -> bool:
        """Say whether it takes requests."""
        return self._notices.ready()

    def stop(self) -> None:
        """Stop it in order."""
        super().stop()
        self._notices.close()


class Gateways:
    """Makes the gateway processes of an installation, over one socket."""

    def __init__(
        self, installation: Installation, environment: Mapping[str, str], at: socket.socket
    ) -> None:
        self._installation = installation
        self._environment = environment
        self._at = at

    def listen(self) -> None:
        """Let clients connect; they wait for the first process."""
        self._at.listen(BACKLOG)

    def child(self) -> GatewayChild:
        """Give one more process, not yet started."""
        folder, logs = self._installation.run, self._installation.logs
        return GatewayChild(self._environment, self._at, folder=folder, log=logs / "gateway.log")
