"""How is a whole installation started, kept running and stopped?"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.cli.children import (
    WORKERS,
    gateway_names,
    gateways_of,
    shown,
    wait_until_ready,
    workers_of,
)
from gateway.cli.gateways import Gateways, bound
from gateway.cli.opened import Opened
from gateway.cli.operators import first_token
from gateway.cli.restored import refuse_restored
from gateway.cli.servers import Servers
from gateway.cli.sources import first_key
from gateway.cli.standing import rules_of
from gateway.installation import Installation, Running
from gateway.settings import read_schedule
from gateway.supervisor import Supervisor
from policies.errors import KeyUnavailable
from policies.load import load_rulebook
from pseudonymizer.key_providers import FileKeyProvider

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gateway.supervisor import Child

LOOK_SECONDS = 0.2  # how often the supervisor looks at its services
RENEW = signal.SIGUSR1  # what `paravent restart` sends; SIGHUP is a terminal that was closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `up` was asked for."""

    data: Path | None
    host: str
    port: int
    policies: Path | None
    gateways: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A running installation.

    Attributes:
        write_key: the first source's key; only at the first start, it is kept nowhere.
        operator_token: the first operator's token; likewise.
        supervisor: to be tended by whoever waits.
        gateways: makes more gateway processes.
        processes: how many of them run.
        renewal: set when every process is to be renewed.
    """

    url: str
    opened: Opened
    supervisor: Supervisor = field(repr=False)
    gateways: Gateways = field(repr=False)
    processes: int
    renewal: threading.Event = field(repr=False)
    write_key: str | None = field(default=None, repr=False)
    operator_token: str | None = field(default=None, repr=False)

    def tend_until(self, done: Callable[[], bool] = lambda: False) -> None:
        """Keep everything running until *done*, or until interrupted."""
        running = Running(url=self.url, pid=os.getpid())
        while not done():
            self.supervisor.tend()
            if self.renewal.is_set():
                self.renewal.clear()
                running = replace(running, restarts=running.restarts + 1, stayed=self._renewed())
                self.opened.installation.publish(running)
            time.sleep(LOOK_SECONDS)

    def _renewed(self) -> str | None:
        """Renew our own processes one by one; give the gateway that could not be, the last tried.

        Whatever keeps one gateway from starting would keep the next, and may concern the workers.
        """
        for name in gateway_names(self.processes):
            successor = self.gateways.child()
            if not self.supervisor.replace(name, successor, successor.ready):
                return name
        for name in WORKERS:
            self.supervisor.renew(name)
        return None


@contextlib.contextmanager
def started(wanted: Wanted, announce: Callable[[str], None]) -> Iterator[Started]:
    """Start an installation, making it first if there is none; stop it in order at the end.

    SIGTERM counts as an interrupt while it runs; once stopping has begun, both are ignored, since
    stopping is bounded.  Call it from the main thread.

    Raises:
        InstallationInUse, PortTaken, RulebookInvalid, ServerNotStarted and what they rest on.
    """
    installation = Installation.open(wanted.data, create=True)
    load_rulebook(wanted.policies)  # a mistake in it should cost no start
    supervisor = Supervisor(announce)
    renewal = threading.Event()
    with installation.locked(), _interruptible(renewal):
        address = bound(wanted.host, wanted.port)  # where it is taken, nothing has to be stopped
        try:
            yield _start(installation, wanted, address, (supervisor, renewal), announce)
        finally:
            _ignore_signals()
            announce("stopping")
            supervisor.stop()
            installation.withdraw()


def _start(
    installation: Installation,
    wanted: Wanted,
    address: socket.socket,
    tended: tuple[Supervisor, threading.Event],
    announce: Callable[[str], None],
) -> Started:
    supervisor, renewal = tended
    installation.remember(wanted.policies, read_schedule().model_dump())
    first_start = not installation.greeted()
    servers = Servers(installation)
    if servers.postgres is not None:
        announce("starting PostgreSQL")
        supervisor.start("postgres", servers.postgres)
    if servers.broker is not None:
        announce("starting the broker")
        supervisor.start("broker", servers.broker)
    addresses = servers.migrate(announce)
    _make_keys(installation, first_start=first_start)
    opened = Opened(installation, addresses, running=True)
    _look_at(opened, wanted.policies, announce)
    gateways = gateways_of(opened, wanted.policies, address)
    children: dict[str, Child] = workers_of(opened, wanted.policies)
    children |= {name: gateways.child() for name in gateway_names(wanted.gateways)}
    announce("starting the gateway and the workers")
    installation.begin_counting()
    gateways.listen()
    for name, child in children.items():
        supervisor.start(name, child)
    port = int(address.getsockname()[1])
    url = f"http://{shown(wanted.host)}:{port}"
    wait_until_ready(children, wanted.host, port)
    installation.publish(Running(url=url, pid=os.getpid()))
    key = token = None
    if first_start:
        key, token = first_key(addresses), first_token(addresses)
        installation.greet()
    return Started(
        url=url,
        opened=opened,
        supervisor=supervisor,
        gateways=gateways,
        processes=wanted.gateways,
        renewal=renewal,
        write_key=key,
        operator_token=token,
    )


def _look_at(opened: Opened, policies: Path | None, announce: Callable[[str], None]) -> None:
    """Refuse restored databases; say so if *policies* is not in force, since no start changes that.

    Raises:
        RestorePending: an erasure is missing in the databases.
    """
    refuse_restored(opened)
    if policies is not None and rules_of(opened).hash != load_rulebook(policies).hash:
        announce(f"another rulebook is in force; needed: paravent policy propose {policies}")


def _make_keys(installation: Installation, *, first_start: bool) -> None:
    given = os.environ.get("PARAVENT_KEYS")
    if given or installation.keys.exists():
        return
    if not first_start:
        # New keys would leave everybody in the vault unfindable, and so beyond erasure.
        raise KeyUnavailable(f"{installation.keys} is gone; needed the key file, from a backup")
    FileKeyProvider.create(installation.keys)


@contextlib.contextmanager
def _interruptible(renewal: threading.Event) -> Iterator[None]:
    handlers = dict.fromkeys((signal.SIGINT, signal.SIGTERM), signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in (*handlers, RENEW)}
    for number, interrupt in handlers.items():
        signal.signal(number, interrupt)
    signal.signal(RENEW, lambda *_: renewal.set())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.flush()
