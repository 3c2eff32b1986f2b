"""How does a command build the same edge a gateway process has?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from gateway.cli.children import erasures_of, keys_of
from gateway.cli.opened import Opened
from gateway.settings import GatewaySettings
from gateway.wiring import Edge, build_edge


@contextmanager
def edge_of(home: Opened) -> Iterator[Edge]:
    """Open the edge of *home* for one command."""
    addresses, keys = home.addresses, keys_of(home.installation)
    settings = GatewaySettings(
        store_dsn=SecretStr(addresses.store),
        vault_dsn=SecretStr(addresses.vault),
        rights_dsn=SecretStr(addresses.rights),
        auditor_dsn=SecretStr(addresses.auditor),
        keys=keys.where,
        keys_token_file=keys.token_file,
        keys_ca_file=keys.ca_file,
        erasure_journal=erasures_of(home.installation),
        policies=home.installation.policies(),
    )
    edge = build_edge(settings)
    try:
        yield edge
    finally:
        edge.close()
