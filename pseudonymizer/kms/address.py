"""Which keys of AWS KMS are ours, where is it, and who vouches for us?"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from pseudonymizer.errors import KeyServiceInvalid

__all__ = ["SCHEME", "KmsAddress"]

SCHEME: Final = "awskms:"
_NEEDED: Final = "awskms:REGION/PREFIX was needed"
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]{1,12}){1,3}-[0-9]{1,2}")
_PREFIX: Final = re.compile(r"(?!aws$)[A-Za-z0-9_-]{1,60}")  # AWS keeps alias/aws for itself
_PARTS: Final = {"endpoint", "credentials"}


@dataclass(frozen=True, slots=True)
class KmsAddress:
    """Where our keys are.

    Attributes:
        region: the region they stay in.
        prefix: what the aliases of this installation begin with.
        endpoint: another address than the region's own; ``None`` means that.
        instance: whether the machine or the container may be asked for credentials.  That is a
            request to an address of the network, so nobody is asked unless it is said.
        ca_file: PEM of who may have signed the certificate; ``None`` means whom the SDK believes.
    """

    region: str
    prefix: str
    endpoint: str | None
    instance: bool
    ca_file: Path | None

    @classmethod
    def read(cls, text: str, *, ca_file: Path | None) -> Self:
        """Read an address such as ``awskms:eu-west-3/paravent``.

        Raises:
            KeyServiceInvalid: it is none; the message does not repeat it.
        """
        place, _, query = text.removeprefix(SCHEME).partition("?")
        region, _, prefix = place.partition("/")
        if not _REGION.fullmatch(region) or not _PREFIX.fullmatch(prefix):
            raise KeyServiceInvalid(f"the address names no region and prefix of AWS KMS; {_NEEDED}")
        try:
            parts = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        except ValueError:
            parts = {"": ""}
        if not parts.keys() <= _PARTS or parts.get("credentials", "instance") != "instance":
            raise KeyServiceInvalid(f"the address of AWS KMS has parts it must not; {_NEEDED}")
        endpoint = parts.get("endpoint")
        if endpoint is not None:
            _refuse_endpoint(endpoint)
        if ca_file is not None:
            _refuse_ca_file(ca_file)
        return cls(region, prefix, endpoint, "credentials" in parts, ca_file)


def _refuse_endpoint(text: str) -> None:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise KeyServiceInvalid(
            "the endpoint of AWS KMS cannot be read; a URL was needed"
        ) from None
    if parts.username is not None or parts.query or parts.fragment or not host:
        raise KeyServiceInvalid("the endpoint of AWS KMS is no plain URL; one was needed")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise KeyServiceInvalid("AWS KMS would be asked in the clear; https was needed")


def _refuse_ca_file(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        raise KeyServiceInvalid("the CA file cannot be read; PEM was needed") from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
