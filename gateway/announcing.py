"""How does a process tell whoever started it that it is ready, or about to leave?

By the protocol of systemd (sd_notify(3)), a datagram to the socket that ``NOTIFY_SOCKET`` names;
`paravent up` speaks it too, so the gateway knows one way only.  Likewise the listening socket may
be handed down, by sd_listen_fds(3): connections then wait in a queue that outlives the process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

READY: Final = b"READY=1"
STOPPING: Final = b"STOPPING=1"
FIRST_DESCRIPTOR: Final = 3  # SD_LISTEN_FDS_START


def announce(word: bytes, environment: Mapping[str, str] = os.environ) -> None:
    """Say *word* to whoever started this process, if they listen."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # the abstract namespace of Linux
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # who does not listen any more need not be told
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
    ):
        line.connect(address)
        line.send(word)


def handed_down(environment: Mapping[str, str] = os.environ) -> int | None:
    """Give the number of the one listening socket systemd handed to this very process."""
    ours = environment.get("LISTEN_PID") == str(os.getpid())
    return FIRST_DESCRIPTOR if ours and environment.get("LISTEN_FDS") == "1" else None


class Notices:
    """The other end: hears what one process announces."""

    def __init__(self) -> None:
        # A folder of its own: an installation's may lie deeper than the 107 bytes of an address.
        self._folder = Path(tempfile.mkdtemp(prefix="paravent-"))
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._line.bind(self.address)
        self._line.setblocking(False)
        self._ready = False

    @property
    def address(self) -> str:
        """Give what the process is to find in ``NOTIFY_SOCKET``."""
        return str(self._folder / "notices")

    def forget(self) -> None:
        """Hear nothing of what was said up to now: another process begins."""
        self.ready()
        self._ready = False

    def ready(self) -> bool:
        """Say whether it has announced that it is ready."""
        with contextlib.suppress(BlockingIOError):
            while said := self._line.recv(256):
                self._ready |= READY in said.splitlines()
        return self._ready

    def close(self) -> None:
        """Listen no more."""
        self._line.close()
        shutil.rmtree(self._folder, ignore_errors=True)
