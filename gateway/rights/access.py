"""How is everything held about a person brought together (Article 15)?

The vault is asked who they are, after the audit entry; the store is asked what it has under their
pseudonyms, in one snapshot.  The report is sealed at once and kept thirty days.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from gateway.rights.bundle import Frame, Identified, Pseudonymous, report
from gateway.rights.cases import CaseReason, CaseState, Step
from gateway.rights.claimed import canonical_forms
from gateway.rights.databases import tables
from gateway.rights.decode import Record, Reference, word_numbers
from gateway.rights.domains import domain_keys
from gateway.rights.dossier import open_document, seal_document
from gateway.rights.ports import Ports
from gateway.rights.reidentification import register as reidentifications
from gateway.rights.work import Closure, Work
from policies.data_map import TableNote
from pseudonymizer.vault import held as vault_held
from pseudonymizer.vault.reveal import HeldIdentifier, reveal
from pseudonymizer.vault.subjects import Names, SubjectRow, lookup_vouched, names_of
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import folding, held, pseudonyms, registry
from workers.store.computation import Computation
from workers.store.transactions import transaction as store_transaction

COLUMN: Final = "result"
CONSULTED: Final = "rights.reidentification"
_ALIVE: Final = "alive"
_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """Who the vault says the requester is."""

    subjects: Sequence[SubjectRow]
    names: Sequence[Names]
    identified: Identified


def assemble(work: Work) -> Closure:
    """Assemble and seal the report; nobody known means a reasoned answer of the same shape."""
    ports = work.ports
    forms, invalid = canonical_forms(work.dossier.claimed, ports.rules)
    if not forms:
        reason = CaseReason.IDENTIFIER_INVALID if invalid else CaseReason.NOT_IDENTIFIABLE
        return Closure(CaseState.CLOSED, Step.ASSEMBLED, reason)
    known = _identify(work, forms)
    if known is None:
        return Closure(CaseState.CLOSED, Step.ASSEMBLED, CaseReason.NOT_IDENTIFIABLE)
    work.subject_ids = tuple(name.subject for name in known.names)
    now = ports.clock()
    parts, reference = _pseudonymous(ports, known.names, now)
    frame = Frame(
        rules=ports.rules, reference=reference, notes=_all_notes(), case=work.case, now=now
    )
    document = report(frame, known.identified, parts)
    sealed = seal_document(ports.keyring, work.case, COLUMN, document)
    return Closure(
        CaseState.CLOSED,
        Step.ASSEMBLED,
        result=sealed,
        # Of what is kept, not of what it says: the log outlives the person.
        digest=hashlib.sha256(sealed).hexdigest(),
        subject_ref=known.names[0].aref if known.names else None,
    )


def open_report(ports: Ports, case: uuid.UUID, sealed: bytes) -> dict[str, Any]:
    """Open a sealed report."""
    return open_document(ports.keyring, case, COLUMN, sealed)


def _identify(work: Work, forms: Sequence[tuple[str, str]]) -> Known | None:
    ports = work.ports
    domains = domain_keys(ports)
    with vault_transaction(ports.vault) as vault:
        subjects, others = lookup_vouched(vault, ports.keyring, forms)
        alive = [subject.id for subject in subjects if subject.state == _ALIVE]
        if not alive:
            return None
        names = names_of(vault, ports.keyring, alive, domains=domains)
        known = reveal(vault, ports.keyring, work.sink(), subjects=alive, warrant=work.warrant())
        records = vault_held.records(vault, alive)
    with vault_transaction(ports.rights) as rights:
        records[CONSULTED] = reidentifications.about(rights, alive)
    withheld = {kind for row in others if row.state == _ALIVE for kind in row.kinds}
    identified = Identified(
        identifiers=[_identifier(one) for one in known],
        records=records,
        withheld=frozenset(withheld),
    )
    return Known(subjects, names, identified)


def _identifier(one: HeldIdentifier) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "value": None if one.identifier is None else one.identifier.reveal(),
        "kept": "keyed index only" if one.identifier is None else "sealed",
        "first_seen_on": one.first_seen_on.isoformat(),
    }


def _pseudonymous(
    ports: Ports, names: Sequence[Names], now: datetime
) -> tuple[list[Pseudonymous], Reference]:
    wanted = {pid: domain for name in names for domain, pid in name.every}
    now_us = round(now.timestamp() * _US)
    with store_transaction(ports.store) as store:
        # Held shared until the end: neither an erasure nor a change of consent slips in between.
        rows = registry.lock(store, list(wanted))
        for name in names:  # none where an erasure has begun meanwhile
            pseudonyms.refuse_apart(store, 0, name.epoch)
        by_table = held.records(store, [row.id for row in rows.values()])
        context = Computation.build(store, ports.rules)
        reference = _reference(store, by_table, context)
        features = _features(store, context, rows.values(), now_us)
    found = _Found(rows, by_table, features, reference)
    parts = [
        found.under(domain, pid)
        for domain, pid in sorted(pair for name in names for pair in _shown(name, rows))
    ]
    return parts, reference


def _shown(name: Names, rows: Mapping[bytes, registry.RegistryRow]) -> Iterable[tuple[str, bytes]]:
    """Give one pseudonym for each domain: the registered one, or else that of now."""
    return {**name.pids, **{domain: pid for domain, pid in name.every if pid in rows}}.items()


@dataclass(frozen=True, slots=True)
class _Found:
    """What the store has about all pseudonyms of the person."""

    rows: Mapping[bytes, registry.RegistryRow]
    by_table: Mapping[str, Sequence[Record]]
    features: Mapping[int, Mapping[str, float | None]]
    reference: Reference

    def under(self, domain: str, pid: bytes) -> Pseudonymous:
        """Give what is held under one pseudonym; all empty where it was never registered."""
        row = self.rows.get(pid)
        number = None if row is None else row.id
        records = {
            table: [record for record in found if record[_key_of(table)] == number]
            for table, found in self.by_table.items()
        }
        keys = (
            self.reference.segments[record["segment"]].partition("@")[0]
            for record in records.get("store.membership", ())
        )
        return Pseudonymous(
            domain=domain,
            pid=uuid.UUID(bytes=pid),
            records=records,
            features={} if number is None else self.features.get(number, {}),
            segments=frozenset(keys),
        )


def _key_of(table: str) -> str:
    return held.tables_about_subjects()[table]


def _features(
    store: Connection,
    context: Computation,
    rows: Iterable[registry.RegistryRow],
    now_us: int,
) -> dict[int, dict[str, float | None]]:
    """Compute every subject's features afresh, from the events themselves."""
    domains = {row.id: row.domain for row in rows}
    states = folding.of_stored(store, context, sorted(domains), until_us=now_us)
    keys = list(context.rules.features)
    found: dict[int, dict[str, float | None]] = {}
    for number, state in states.items():
        domain = domains[number]
        values = context.snapshot(domain, context.values(domain, state, now_us))
        declared = {
            key for key, rule in context.rules.features.items()
            if context.domains[rule.domain] == domain
        }  # fmt: skip
        found[number] = {
            key: value for key, value in zip(keys, values, strict=True) if key in declared
        }
    return found


def _reference(
    store: Connection, by_table: Mapping[str, Sequence[Record]], context: Computation
) -> Reference:
    numbered = held.numbered(store)
    sets = {row["feature_set"] for row in by_table.get("store.feature_snapshot", ())}
    return Reference(
        words=held.words(store, word_numbers(by_table.get("store.event", ()))),
        purposes=numbered["purpose"],
        domains=numbered["domain"],
        rulebooks=numbered["rulebook"],
        sources=numbered["source"],
        segments=numbered["segment"],
        feature_keys=held.feature_keys(store, sorted(sets)),
        steps=context.rules.steps,
        way=context.way,
    )


def _all_notes() -> dict[str, TableNote]:
    return {f"{note.schema}.{note.name}": note for note in tables()}
