"""Which processes of ours does an installation run, and when are they all there?"""

from __future__ import annotations

import http.client
import os
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.addresses import PREFIX, module
from gateway.cli.gateways import GatewayChild, Gateways
from gateway.embedded import processes
from gateway.embedded.errors import ServerNotStarted
from gateway.supervisor import READY_SECONDS, Child
from pseudonymizer.key_opening import KeysAt

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from gateway.cli.opened import Opened
    from gateway.installation import Installation

WORKERS = ("worker", "beat", "relay")
GATEWAY = "gateway"
KEYS = ("KEYS", "KEYS_TOKEN_FILE", "KEYS_CA_FILE")  # the variables that say where the keys are


def gateway_names(count: int) -> list[str]:
    """Give what *count* gateway processes are called."""
    return [GATEWAY, *(f"{GATEWAY}-{number}" for number in range(2, count + 1))]


def workers_of(opened: Opened, policies: Path | None) -> dict[str, Child]:
    """Give the worker, the beat and the relay, not yet started."""
    installation = opened.installation
    environment = opened.addresses.for_workers(policies=policies) | counting_in(installation)
    # One port cannot be three processes'; the gateway's /metrics holds what they count.
    environment.pop("PARAVENT_METRICS_PORT", None)
    return {
        name: Child(
            module("workers.main", name),
            environment,
            folder=installation.run,
            log=installation.logs / f"{name}.log",
        )
        for name in WORKERS
    }


def gateways_of(opened: Opened, policies: Path | None, at: socket.socket) -> Gateways:
    """Give what makes gateway processes over the socket *at*."""
    installation = opened.installation
    host, port = at.getsockname()[:2]
    own = opened.addresses.for_gateway(
        keys=keys_of(installation).where, erasures=erasures_of(installation), policies=policies
    )
    own |= {"PARAVENT_HOST": str(host), "PARAVENT_PORT": str(port)}
    return Gateways(installation, own | counting_in(installation), at)


def counting_in(installation: Installation) -> dict[str, str]:
    """Give the variable that makes every process count in one folder (prometheus_client's own).

    Whichever gateway is asked for the counters then gives those of all processes.
    """
    return {"PROMETHEUS_MULTIPROC_DIR": str(installation.counters)}


def keys_of(installation: Installation) -> KeysAt:
    """Give where the keys in use are: what was given, or the installation's own file."""
    given = {name: os.environ.get(f"{PREFIX}{name}") or None for name in KEYS}
    files = (Path(name) if name else None for name in (given[KEYS[1]], given[KEYS[2]]))
    return KeysAt(given[KEYS[0]] or str(installation.keys), *files)


def erasures_of(installation: Installation) -> Path:
    """Give the erasure journal in use: the one that was given, or the installation's own."""
    given = os.environ.get("PARAVENT_ERASURE_JOURNAL")
    return type(installation.erasures)(given) if given else installation.erasures


def shown(host: str) -> str:
    """Give a host that a client on this machine can connect to."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is read
    return f"[{reachable}]" if ":" in reachable else reachable


def wait_until_ready(children: Mapping[str, Child], host: str, port: int) -> None:
    """Wait until every one of *children* runs and the gateway answers.

    Raises:
        ServerNotStarted: one ended, or the gateway is not ready in time.
    """

    def look() -> bool:
        dead = next((name for name in children if not children[name].alive()), None)
        if dead is not None:
            log = children[dead].log
            raise ServerNotStarted(
                f"the {dead} ended while starting, see {log}: {processes.tail(log, lines=2)};"
                " needed it to stay"
            )
        gateways = [child for child in children.values() if isinstance(child, GatewayChild)]
        there = all(gateway.ready() for gateway in gateways)
        return there and answers_ready(shown(host).strip("[]"), port)

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
