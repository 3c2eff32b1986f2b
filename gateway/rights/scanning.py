"""What is searched for after an erasure, and in which databases as whom?"""

from collections.abc import Generator
from contextlib import closing

from sqlalchemy import MetaData

from gateway.rights.catalogue import Sought
from gateway.rights.dossier import Dossier
from gateway.rights.needles import identifier_needles, index_needles, pseudonym_needles
from gateway.rights.ports import Ports
from gateway.rights.scan import DataMap, Place, ScanReport, needles_of, scan
from gateway.rights.tables import METADATA as RIGHTS
from pseudonymizer.vault.tables import METADATA as VAULT
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store.data_map import data_map
from workers.store.tables import metadata as STORE  # noqa: N812 - a constant, as the others
from workers.store.transactions import transaction as store_transaction

STORE_SCHEMAS = frozenset({"store", "public"})
AUDIT_SCHEMAS = frozenset({"audit"})
VAULT_SCHEMAS = frozenset({"vault", "tombstone", "public"})
RIGHTS_SCHEMAS = frozenset({"rights"})


def scan_for(ports: Ports, dossier: Dossier) -> ScanReport:
    """Search both databases for everything the dossier knows of the person."""
    # Closed whatever happens: a place left in the middle keeps its transaction open.
    with closing(_places(ports, sought_for(dossier))) as places:
        return scan(places)


def sought_for(dossier: Dossier) -> Sought:
    """Give identifiers, pseudonyms and blind indexes in every form, and the surrogates."""
    values: dict[str, list[str]] = {}
    for kind, value in (*dossier.claimed, *dossier.identifiers):
        values.setdefault(kind, []).append(value)
    pids = dossier.pid_bytes()
    needles = needles_of(
        *(identifier_needles(kind, spelled) for kind, spelled in values.items()),
        pseudonym_needles(pids),
        index_needles(dossier.index_bytes()),
    )
    return Sought(needles, tuple(pid.hex() for pid in pids), tuple(dossier.surrogates))


def notes_of(*parts: MetaData) -> DataMap:
    """Give the data map of these schemas by schema and table."""
    return {(note.schema, note.name): note for part in parts for note in data_map(part)}


def _places(ports: Ports, sought: Sought) -> Generator[Place]:
    """Give each database as each role; its transaction ends when the next is asked for."""
    with store_transaction(ports.store) as store:
        yield Place("store", store, notes_of(STORE), STORE_SCHEMAS, sought)
    if ports.auditor is not None:
        with store_transaction(ports.auditor) as auditor:
            yield Place("store", auditor, notes_of(STORE), AUDIT_SCHEMAS, sought)
    notes = notes_of(VAULT, RIGHTS)
    with vault_transaction(ports.vault) as vault:
        yield Place("vault", vault, notes, VAULT_SCHEMAS, sought)
    with vault_transaction(ports.rights) as rights:
        yield Place("vault", rights, notes, RIGHTS_SCHEMAS, sought)
