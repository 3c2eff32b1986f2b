"""How is a whole installation started, kept running and stopped?"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.addresses import module
from gateway.cli.opened import Opened
from gateway.cli.operators import first_token
from gateway.cli.servers import Servers
from gateway.cli.sources import first_key
from gateway.embedded import processes
from gateway.embedded.errors import ServerNotStarted
from gateway.installation import Installation, Running
from gateway.supervisor import Child, Supervisor
from policies.errors import KeyUnavailable, ParaventError
from policies.load import load_rulebook
from pseudonymizer.key_providers import FileKeyProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READY_SECONDS = 90.0  # a cold start imports much; a warm one takes three seconds
LOOK_SECONDS = 0.2  # how often the supervisor looks at its services


class PortTaken(ParaventError):
    """Another program listens where the gateway was to listen."""

    code = "port-taken"
    remedy = "Name another port with --port, or --port 0 for any free one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `up` was asked for."""

    data: Path | None
    host: str
    port: int
    policies: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A running installation.

    Attributes:
        write_key: the first source's key; only at the first start, it is kept nowhere.
        operator_token: the first operator's token; likewise.
        supervisor: to be tended by whoever waits.
    """

    url: str
    opened: Opened
    supervisor: Supervisor = field(repr=False)
    write_key: str | None = field(default=None, repr=False)
    operator_token: str | None = field(default=None, repr=False)

    def tend_until(self, done: Callable[[], bool] = lambda: False) -> None:
        """Keep everything running until *done*, or until interrupted."""
        while not done():
            self.supervisor.tend()
            time.sleep(LOOK_SECONDS)


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
    with installation.locked(), _interruptible():
        try:
            yield _start(installation, wanted, supervisor, announce)
        finally:
            _ignore_signals()
            announce("stopping")
            supervisor.stop()
            installation.withdraw()


def _start(
    installation: Installation,
    wanted: Wanted,
    supervisor: Supervisor,
    announce: Callable[[str], None],
) -> Started:
    port = free_port(wanted.host, wanted.port)
    installation.remember_policies(wanted.policies)
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
    children = _children(opened, wanted, port)
    announce("starting the gateway and the workers")
    for name, child in children.items():
        supervisor.start(name, child)
    url = f"http://{_shown(wanted.host)}:{port}"
    _wait_until_ready(children, wanted.host, port)
    installation.publish(Running(url=url, pid=os.getpid()))
    key = token = None
    if first_start:
        key, token = first_key(addresses), first_token(addresses)
        installation.greet()
    return Started(
        url=url, opened=opened, supervisor=supervisor, write_key=key, operator_token=token
    )


def _make_keys(installation: Installation, *, first_start: bool) -> None:
    given = os.environ.get("PARAVENT_KEYS")
    if given or installation.keys.exists():
        return
    if not first_start:
        # New keys would leave everybody in the vault unfindable, and so beyond erasure.
        raise KeyUnavailable(f"{installation.keys} is gone; needed the key file, from a backup")
    FileKeyProvider.create(installation.keys)


def _children(opened: Opened, wanted: Wanted, port: int) -> dict[str, Child]:
    """Give our processes in the order of their start; the gateway is stopped first."""
    installation, addresses = opened.installation, opened.addresses
    worker = addresses.for_workers(policies=wanted.policies)
    gateway = addresses.for_gateway(keys=keys_of(installation), policies=wanted.policies)
    gateway |= {"PARAVENT_HOST": wanted.host, "PARAVENT_PORT": str(port)}

    def child(name: str, argv: list[str], environment: dict[str, str]) -> Child:
        log = installation.logs / f"{name}.log"
        return Child(argv, environment, folder=installation.run, log=log)

    children = {name: child(name, module("workers.main", name), worker) for name in WORKERS}
    return children | {"gateway": child("gateway", module("gateway.main"), gateway)}


WORKERS = ("worker", "beat", "relay")


def keys_of(installation: Installation) -> Path:
    """Give the key file in use: the one that was given, or the installation's own."""
    given = os.environ.get("PARAVENT_KEYS")
    return type(installation.keys)(given) if given else installation.keys


def free_port(host: str, port: int) -> int:
    """Give *port* if nobody listens there, or any free one for 0.

    Raises:
        PortTaken: somebody does, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as failure:
            raise PortTaken(
                f"{host}:{port} cannot be listened on ({failure.strerror}); needed a free port"
            ) from None
        return int(probe.getsockname()[1])


def _shown(host: str) -> str:
    """Give a host that a client on this machine can connect to."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is read
    return f"[{reachable}]" if ":" in reachable else reachable


def _wait_until_ready(children: dict[str, Child], host: str, port: int) -> None:
    def look() -> bool:
        dead = next((name for name in children if not children[name].alive()), None)
        if dead is not None:
            log = children[dead].log
            raise ServerNotStarted(
                f"the {dead} ended while starting, see {log}: {processes.tail(log, lines=2)};"
                " needed it to stay"
            )
        return answers_ready(_shown(host).strip("[]"), port)

    if not processes.wait_until(look, READY_SECONDS, pause=0.05):
        raise ServerNotStarted(
            f"the gateway is not ready after {READY_SECONDS:g} s, see"
            f" {children['gateway'].log}; needed 200 from /readyz"
        )


def answers_ready(host: str, port: int) -> bool:
    """Say whether the gateway there is ready to take events."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.flush()
