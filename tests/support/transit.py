"""A real key service to test with: OpenBao, in memory and on loopback, a mount for each test.

The tokens have the policies we ship, so what is tested is also that these suffice.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gateway.embedded import processes
from pseudonymizer.transit import TransitKeyProvider
from tests.support.lints import ROOT

POLICIES = ROOT / "docker" / "openbao"
STARTED_S = 30.0
_numbers = itertools.count(1)


@dataclass
class Service:
    """A running server, and a client with the token that may do everything."""

    url: str
    http: httpx.Client
    ca_file: Path | None = None

    def admin(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask as root; ``{}`` where the answer has no body."""
        answer = self.http.request(method, f"{self.url}/v1/{path}", json=body)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def mount(self, folder: Path) -> Mount:
        """Give an empty engine of its own, with tokens in *folder*."""
        name = f"transit-{next(_numbers)}"
        self.admin("POST", f"sys/mounts/{name}", {"type": "transit"})
        for policy in ("gateway", "operator"):
            text = (POLICIES / f"{policy}.hcl").read_text().replace('"transit/', f'"{name}/')
            self.admin("PUT", f"sys/policies/acl/{name}-{policy}", {"policy": text})
        mount = Mount(self, name, folder)
        mount.issue("gateway.token", "gateway")
        mount.issue("operator.token", "gateway", "operator")
        return mount


@dataclass
class Mount:
    """One installation's keys in the service."""

    service: Service
    name: str
    folder: Path

    @property
    def address(self) -> str:
        return f"{self.service.url}/{self.name}"

    def token_file(self, who: str) -> Path:
        return self.folder / f"{who}.token"

    def issue(self, file: str, *policies: str) -> str:
        """Write a new token with *policies* into *file*; give it."""
        asked = {
            "policies": [f"{self.name}-{policy}" for policy in policies],
            "no_default_policy": True,
            "ttl": "1h",
        }
        token = str(self.service.admin("POST", "auth/token/create", asked)["auth"]["client_token"])
        path = self.folder / file
        path.touch(mode=0o600)
        path.write_text(token + "\n")
        return token

    def open(self, who: str = "gateway", *, at: str | None = None) -> TransitKeyProvider:
        """Open the driver with *who*'s token; *at* stands in for the service's own URL."""
        address = self.address if at is None else f"{at}/{self.name}"
        return TransitKeyProvider.open(
            address, token_file=self.token_file(who), ca_file=self.service.ca_file
        )

    def made(self) -> TransitKeyProvider:
        """Make the keys; give the driver as the operator has it."""
        provider = self.open("operator")
        provider.make_missing()
        return provider

    def read(self, path: str) -> dict[str, Any]:
        """Read what the engine has at *path*."""
        return dict(self.service.admin("GET", f"{self.name}/{path}")["data"])

    def write(self, path: str, body: Any) -> None:
        """Do as root what no policy of ours allows."""
        self.service.admin("POST", f"{self.name}/{path}", body)


@contextlib.contextmanager
def served(folder: Path, *, tls: bool = False) -> Iterator[Service]:
    """Run a server, unsealed and empty, until the end."""
    port, log = _free_port(), folder / "bao.log"
    root = f"root-{folder.name}"
    options = ["-dev", "-dev-no-store-token", f"-dev-root-token-id={root}"]
    options += [f"-dev-listen-address=127.0.0.1:{port}"]
    if tls:
        options += ["-dev-tls", f"-dev-tls-cert-dir={folder}"]
    program = Path(sys.executable).parent / "bao"
    environment = {**processes.ENVIRONMENT, "HOME": str(folder)}
    launch = processes.Launch(
        argv=[str(program), "server", *options], folder=folder, environment=environment, log=log
    )
    process = processes.spawn(launch)
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    ca_file = folder / "vault-ca.pem" if tls else None
    try:
        assert processes.wait_until(lambda: _listens(port), STARTED_S), processes.tail(log)
        trusted = ssl.create_default_context(cafile=ca_file)
        headers = {"X-Vault-Token": root}
        with httpx.Client(trust_env=False, verify=trusted, timeout=10, headers=headers) as http:
            service = Service(url, http, ca_file)
            assert processes.wait_until(lambda: _ready(service), STARTED_S), processes.tail(log)
            yield service
    finally:
        process.kill()  # it keeps nothing
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _ready(service: Service) -> bool:
    with contextlib.suppress(httpx.HTTPError, OSError):
        return bool(service.admin("GET", "sys/mounts"))
    return False


def _free_port() -> int:
    """Give a port that is free, and the one above it, where the server speaks to its like."""
    while True:
        with socket.socket() as one, socket.socket() as above:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                above.bind(("127.0.0.1", port + 1))
                return port
