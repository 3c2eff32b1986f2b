"""Both databases, one after the other, and every table of both: for whoever tells of the whole."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from gateway.rights.ports import Ports
from gateway.rights.tables import METADATA as RIGHTS
from policies.data_map import TableNote
from pseudonymizer.vault.tables import METADATA as VAULT
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store.data_map import data_map
from workers.store.tables import metadata as STORE  # noqa: N812 - a constant, as the others
from workers.store.transactions import transaction as store_transaction


def tables() -> list[TableNote]:
    """Give the data map of the whole installation."""
    return [note for part in (STORE, VAULT, RIGHTS) for note in data_map(part)]


def each_database(ports: Ports) -> Iterator[tuple[str, Connection]]:
    """Give each database by name; its transaction ends when the next is asked for."""
    with store_transaction(ports.store) as store:
        yield "store", store
    with vault_transaction(ports.vault) as vault:
        yield "vault", vault
