"""How does a command reach an installation, whether it runs or not?"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.addresses import Addresses
from gateway.cli.restored import refuse_restored
from gateway.cli.servers import Servers
from gateway.installation import Installation, InstallationInUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Opened:
    """An installation whose databases answer.

    Attributes:
        running: whether an `up` runs on it; otherwise its databases were started for this command.
    """

    installation: Installation
    addresses: Addresses
    running: bool


@contextlib.contextmanager
def opened(
    data: Path | None,
    *,
    create: bool = False,
    restored: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> Iterator[Opened]:
    """Open the installation in *data* for one command.

    Where an `up` runs, use its servers; otherwise hold the folder's lock, start the embedded
    database, migrate it, and stop it afterwards.  Call it from the main thread.

    Raises:
        InstallationMissing: there is none, and *create* is false.
        RestorePending: its databases do not know of every erasure, and are not *restored* here.
    """
    installation = Installation.open(data, create=create)
    with contextlib.ExitStack() as stack:
        servers = Servers(installation, os.environ)
        try:
            stack.enter_context(installation.locked())
        except InstallationInUse:
            home = Opened(installation, servers.addresses(), running=True)
            _look_at(home, restored=restored)
            yield home
            return
        if servers.postgres is not None:
            announce("starting the database for this command")
            stack.callback(servers.postgres.stop)
            servers.postgres.start()
        home = Opened(installation, servers.migrate(announce), running=False)
        _look_at(home, restored=restored)
        yield home


def _look_at(home: Opened, *, restored: bool) -> None:
    if not restored:
        refuse_restored(home)
