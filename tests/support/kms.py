"""A server that answers as AWS KMS does, on loopback; a prefix of aliases for each test."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session

from gateway.embedded import processes
from pseudonymizer.key_service import ServiceKeys
from pseudonymizer.kms import open_kms
from tests.support.lints import ROOT

REGION = "eu-west-3"
STARTED_S = 60.0
_numbers = itertools.count(1)


@dataclass
class Kms:
    """A running server, and a client that may do everything."""

    url: str
    admin: Any

    def keys(self) -> KmsKeys:
        """Give an installation of its own."""
        return KmsKeys(self, f"paravent-{next(_numbers)}")


@dataclass
class KmsKeys:
    """One installation's keys in the server."""

    kms: Kms
    prefix: str

    def address(self, at: str | None = None) -> str:
        return f"awskms:{REGION}/{self.prefix}?endpoint={at or self.kms.url}"

    def open(self, *, at: str | None = None) -> ServiceKeys:
        """Open the driver; *at* stands in for the server's own URL."""
        return open_kms(self.address(at), ca_file=None)

    def made(self) -> ServiceKeys:
        """Make the keys; give the driver."""
        provider = self.open()
        provider.make_missing()
        return provider

    def key(self, path: str) -> str:
        """Give the id of the key that has one of our aliases, such as ``idx/1``."""
        wanted = f"alias/{self.prefix}/{path}"
        listed = self.kms.admin.list_aliases()["Aliases"]
        return str(next(one["TargetKeyId"] for one in listed if one["AliasName"] == wanted))

    def state(self, path: str) -> str:
        described = self.kms.admin.describe_key(KeyId=self.key(path))
        return str(described["KeyMetadata"]["KeyState"])


def credentials_in(folder: Path) -> None:
    """Write credentials where the SDK looks for them, and say so to this process."""
    file = folder / "credentials"
    file.touch(mode=0o600)
    file.write_text("[default]\naws_access_key_id = ada\naws_secret_access_key = lovelace\n")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(file)
    os.environ["AWS_CONFIG_FILE"] = os.devnull


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Kms]:
    """Run a server, empty, until the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "kms.log"
    launch = processes.Launch(
        argv=[sys.executable, "-m", "tests.support.kms_server", str(port)],
        folder=ROOT,
        environment={**processes.ENVIRONMENT, "HOME": str(folder)},
        log=log,
    )
    process = processes.spawn(launch)
    try:
        assert processes.wait_until(lambda: _listens(port), STARTED_S), processes.tail(log)
        session = botocore.session.Session()
        url = f"http://127.0.0.1:{port}"
        admin = session.create_client("kms", region_name=REGION, endpoint_url=url)
        yield Kms(url, admin)
        admin.close()
    finally:
        process.kill()  # it keeps nothing
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
