"""Where is the key service, and how is it shown who asks?"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pseudonymizer.errors import KeyServiceInvalid
from pseudonymizer.own_file import read_own

__all__ = ["ServiceAddress"]

_MOUNT: Final = re.compile(r"/[A-Za-z0-9_.-]*[A-Za-z0-9_-](/[A-Za-z0-9_.-]*[A-Za-z0-9_-])*/?")
_TOKEN: Final = re.compile(rb"[!-~]{1,4096}\n?")
_NEEDED: Final = "https://HOST:PORT/MOUNT was needed"


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A key service, and the files that go with it.

    Attributes:
        base: what every path of the engine is appended to; it ends in a slash.
        token_file: read anew whenever the service refuses what it held before.
        ca_file: PEM of who may have signed the service's certificate; ``None`` means whom the
            system believes.
    """

    base: str
    token_file: Path = field(repr=False)
    ca_file: Path | None = None

    @classmethod
    def read(cls, text: str, *, token_file: Path | None, ca_file: Path | None) -> Self:
        """Read an address such as ``https://keys.example.org:8200/transit``.

        Raises:
            KeyServiceInvalid: it is none; the message does not repeat it.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise KeyServiceInvalid(
                f"the key service's address cannot be read; {_NEEDED}"
            ) from None
        if parts.username is not None or parts.query or parts.fragment or "?" in text:
            raise KeyServiceInvalid(f"the key service's address has parts it must not; {_NEEDED}")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
            raise KeyServiceInvalid(f"the key service would be asked in the clear; {_NEEDED}")
        if not host or not _MOUNT.fullmatch(parts.path) or parts.path.startswith("/v1/"):
            raise KeyServiceInvalid(f"the address names no mount, or more than that; {_NEEDED}")
        if token_file is None:
            raise KeyServiceInvalid("no file with the service's token is named; one was needed")
        at = f"[{host}]" if ":" in host else host
        at += f":{port}" if port else ""
        return cls(f"{parts.scheme}://{at}/v1{parts.path.rstrip('/')}/", token_file, ca_file)

    def token(self) -> str:
        """Read the token.

        Raises:
            KeyFileInsecure, KeyFileInvalid: as ``read_own``; what is no token is not quoted.
        """
        raw = read_own(self.token_file, "token file")
        if not _TOKEN.fullmatch(raw):
            # Whatever it is, in a header it would end up in the HTTP library's own messages.
            raise KeyServiceInvalid("the token file holds no token; a line with one was needed")
        return raw.decode("ascii").rstrip("\n")

    def trusted(self) -> ssl.SSLContext:
        """Give whose certificates count.

        Raises:
            KeyServiceInvalid: the file with them cannot be read.
        """
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError):
            raise KeyServiceInvalid("the CA file cannot be read; PEM was needed") from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
