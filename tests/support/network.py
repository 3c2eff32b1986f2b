"""A closed network: a test may talk to this machine, and to nothing else.

Name look-ups are closed too, since a look-up already tells a stranger that we exist.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any


class NetworkClosed(RuntimeError):
    """A test tried to reach another machine."""


def _is_here(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket's path
        return True
    return _is_loopback(str(address[0]))


def _is_loopback(host: str) -> bool:
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return False


def close_network() -> None:
    """Refuse every connection, datagram and look-up that would leave this machine."""
    for name in ("connect", "connect_ex"):
        _guard_method(name, position=0)
    _guard_method("sendto", position=-1)
    _guard_lookup("getaddrinfo")
    _guard_lookup("gethostbyname")


def _guard_method(name: str, *, position: int) -> None:
    original = getattr(socket.socket, name)

    def guarded(self: socket.socket, *arguments: Any) -> Any:
        if self.family != socket.AF_UNIX and not _is_here(arguments[position]):
            raise NetworkClosed("tests may reach loopback and Unix sockets only")
        return original(self, *arguments)

    setattr(socket.socket, name, guarded)


def _guard_lookup(name: str) -> None:
    original = getattr(socket, name)

    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        if text is not None and not _is_loopback(str(text)) and str(text) != "0.0.0.0":  # noqa: S104
            raise NetworkClosed("tests may look up loopback names only")
        return original(host, *arguments, **options)

    setattr(socket, name, guarded)
