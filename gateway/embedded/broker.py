"""How does the embedded broker run?

A Valkey on a Unix socket in a folder of its own: no TCP, no files, bounded memory.  It carries
batch numbers only; what it loses, the outbox in the store sends again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.embedded import folders, processes
from gateway.embedded.account import service_account
from gateway.embedded.binaries import valkey_program
from gateway.embedded.errors import ServerNotStarted

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SOCKET = "valkey.sock"
START_SECONDS = 10.0  # it takes 0.1 s
LADDER = ((signal.SIGTERM, 5.0),)

SETTINGS = {
    "port": "0",
    "unixsocket": SOCKET,  # relative: the account need not walk the data folder's path
    "unixsocketperm": "700",
    "daemonize": "no",
    "dir": "./",
    "save": "",  # no snapshot
    "appendonly": "no",
    "maxmemory": "128mb",
    "maxmemory-policy": "noeviction",  # a full queue refuses; the outbox keeps what it refused
    "loglevel": "warning",
    "slowlog-log-slower-than": "-1",  # it would keep arguments
    "crash-log-enabled": "no",  # a crash report prints arguments
    "crash-memcheck-enabled": "no",
    "enable-debug-command": "no",
    "enable-module-command": "no",
    "always-show-logo": "no",
}


class EmbeddedBroker:
    """One Valkey server of the data folder *folder*: socket in ``broker``, log in ``logs``.

    Ends with the thread that started it (see `processes.spawn`).
    """

    def __init__(self, folder: Path) -> None:
        self._home = folder.absolute()
        self._folder = self._home / "broker"
        self._log = self._home / "logs" / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the broker and give its URL, as Celery takes it; clear away what a kill -9 left.

        Raises:
            ServerNotStarted, FolderUnsafe, EmbeddedMissing, AccountMissing
        """
        if not self.alive():
            self._prepare()
            self._launch()
        return self.url()

    def alive(self) -> bool:
        """Say whether the server this object started is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The server's process number while it runs."""
        return self._process.pid if self._process and self.alive() else None

    def stop(self) -> None:
        """Stop the broker; the messages in it are forgotten."""
        if self._process is not None:
            processes.stop(self._process, LADDER)
            self._process = None
        with contextlib.suppress(FileNotFoundError):
            (self._folder / SOCKET).unlink()
        folders.close_address(self._folder)

    def url(self) -> str:
        """Give the broker's URL."""
        return f"redis+socket://{quote(str(self._address()))}?virtual_host=0"

    def _address(self) -> Path:
        return folders.address_folder(self._folder, SOCKET) / SOCKET

    def _prepare(self) -> None:
        self._account = service_account()
        folders.private_folder(self._home)
        folders.private_folder(self._log.parent)
        folders.private_folder(self._folder, account=self._account)
        processes.stop_strangers(self._folder, "valkey-server", LADDER)
        with contextlib.suppress(FileNotFoundError):
            (self._folder / SOCKET).unlink()

    def _launch(self) -> None:
        # Opened here and executed through the descriptor, so that the account need not be able
        # to walk to a virtual environment of root's.
        program = valkey_program()
        descriptor = os.open(program, os.O_RDONLY)
        argv = ["valkey-server"] if self._account else [str(program)]
        for key, value in SETTINGS.items():
            argv += [f"--{key}", value]
        try:
            self._process = processes.spawn(
                processes.Launch(
                    argv=argv,
                    folder=self._folder,
                    log=self._log,
                    account=self._account,
                    descriptor=descriptor if self._account else None,
                )
            )
        finally:
            os.close(descriptor)
        if (
            not processes.wait_until(lambda: not self.alive() or self._answers(), START_SECONDS)
            or not self.alive()
        ):
            self.stop()
            raise ServerNotStarted(
                f"the broker did not start, see {self._log}: {processes.tail(self._log)};"
                " needed a server that answers"
            )

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2.0)
            client.connect(str(self._address()))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False
