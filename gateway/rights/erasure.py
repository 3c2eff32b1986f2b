"""What does each step of an erasure do (design section 4, R-50 to R-62)?

Every step may run again: what is done already is found done.  A step reads only the dossier and
the databases, so that any process can take the case up after any of them.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from gateway.rights import receipt as receipts
from gateway.rights import register
from gateway.rights.cases import CaseReason, CaseState, Step
from gateway.rights.checkpoints import sign_head
from gateway.rights.claimed import canonical_forms
from gateway.rights.domains import domain_keys
from gateway.rights.errors import ResidueFound
from gateway.rights.ports import Ports
from gateway.rights.pseudonym_life import refuse_apart
from gateway.rights.reidentification import register as reidentifications
from gateway.rights.scanning import scan_for
from gateway.rights.work import Closure, Work
from pseudonymizer.journal_file import Line
from pseudonymizer.keyring import Identifier
from pseudonymizer.vault import forget, journal
from pseudonymizer.vault.forget import Erasure, ErasureRequest
from pseudonymizer.vault.held import blind_indexes
from pseudonymizer.vault.reveal import reveal
from pseudonymizer.vault.signers import current
from pseudonymizer.vault.subjects import names_of
from pseudonymizer.vault.transactions import transaction as vault_transaction
from workers.store import erasure, held, numbering
from workers.store.transactions import transaction as store_transaction

SCOPE: Final = "all"
# A receipt's id follows from its case, so that a step that runs twice issues one receipt.
_RECEIPT_SPACE: Final = uuid.UUID("6f0d9d1c-6f5a-5d0c-9d3c-0f2f4b7a1e55")


def fence_vault(work: Work) -> Closure | None:
    """Step 2: find the person, write tombstones and the journal, mark them erasing.

    The identifiers given are tombstoned even when nobody is known by them: what arrives late is
    then refused like everything else of somebody erased.
    """
    ports, dossier = work.ports, work.dossier
    forms, invalid = canonical_forms(dossier.claimed, ports.rules)
    if not forms:
        reason = CaseReason.IDENTIFIER_INVALID if invalid else CaseReason.NOT_IDENTIFIABLE
        return Closure(CaseState.CLOSED, Step.VAULT_FENCED, reason)
    refuse_apart(ports)
    request = ErasureRequest(work.case, tuple(forms), domain_keys(ports), ports.clock())
    with vault_transaction(ports.vault) as vault:
        begun = forget.begin_erasure(vault, ports.keyring, request)
    # From here on ingest refuses; what the later steps need is still there to be read.
    _remember(work, begun, forms, request.domains)
    _write_down(work, begun, forms)
    if begun.subjects:
        return None
    with vault_transaction(ports.vault) as vault:
        forget.complete_erasure(vault, case_id=work.case, at=ports.clock())
    return Closure(CaseState.CLOSED, Step.VAULT_FENCED, CaseReason.NOT_IDENTIFIABLE)


def _remember(
    work: Work, begun: Erasure, forms: Sequence[Identifier], domains: tuple[str, ...]
) -> None:
    """Note in the dossier what the keys can still tell and the scan must not find afterwards."""
    dossier, keyring, subjects = work.dossier, work.ports.keyring, begun.subjects
    with vault_transaction(work.ports.vault) as vault:
        names = names_of(vault, keyring, subjects, domains=domains)
        indexes = blind_indexes(vault, subjects)
        known = reveal(vault, keyring, work.sink(), subjects=subjects, warrant=work.warrant())
    texts = [(one.kind, one.identifier.reveal()) for one in known if one.identifier is not None]
    dossier.identifiers = sorted({*forms, *texts})
    dossier.pids = [(key, pid.hex()) for name in names for key, pid in sorted(name.every)]
    dossier.indexes = sorted(index.hex() for index in indexes)
    dossier.arefs = list(begun.arefs)
    dossier.tombstones = begun.tombstones
    work.subject_ids = subjects


def _write_down(work: Work, begun: Erasure, forms: Sequence[Identifier]) -> None:
    """Append the erasure to the journal outside the databases, before anything is deleted."""
    ports, dossier = work.ports, work.dossier
    if ports.journal is None:
        return
    with vault_transaction(ports.vault) as vault:
        marks = forget.marks_of(vault, ports.keyring, forms, begun.subjects)
    ports.journal.append(
        Line(
            id=begun.id,
            case=work.case,
            at=begun.started_at,
            reason="erasure",
            subjects=begun.subjects,
            pids=tuple((domain, bytes.fromhex(pid)) for domain, pid in dossier.pids),
            marks=tuple(sorted(set(marks))),
        )
    )


def erase_store(work: Work) -> Closure | None:
    """Step 3: mark every pseudonym erased, which waits for writers in flight; delete its rows.

    A pseudonym that was never registered is registered first, already as a fence: a gateway that
    remembers it from before could otherwise register it afterwards (R-56).
    """
    ports, dossier = work.ports, work.dossier
    pids = dossier.pid_bytes()
    refuse_apart(ports)
    with store_transaction(ports.store) as store:
        numbering.domain_numbers(store, ports.rules)
        numbers = {key: number for number, key in held.numbered(store)["domain"].items()}
        fences = [(bytes.fromhex(pid), numbers[domain]) for domain, pid in dossier.pids]
        surrogates = erasure.fence(store, fences)
        deleted = erasure.erase(store, surrogates)
    # Counted once it is committed: an attempt that was rolled back deleted nothing.
    for table, rows in deleted.items():
        dossier.count("store", table, rows)
    dossier.surrogates = surrogates
    if ports.resolver is not None:
        ports.resolver.invalidate(pids)
    return None


def destroy_keys(work: Work) -> Closure | None:
    """Step 4: destroy the subject keys, seals and blind indexes; their buckets get new keys.

    Reports of earlier requests go, too, and what leads from a re-identification to them.
    """
    ports, dossier = work.ports, work.dossier
    with vault_transaction(ports.vault) as vault:
        identifiers = len(blind_indexes(vault, work.subject_ids))
        done = forget.destroy_keys(vault, ports.keyring, case_id=work.case, at=ports.clock())
    # A report made before is a copy of everything; one that is just being made is stopped when
    # somebody asks for it (``RightsService.result``).
    with vault_transaction(ports.rights) as rights:
        reports = register.drop_results_about(rights, work.subject_ids, ports.clock())
        consultations = reidentifications.detach(rights, work.subject_ids)
    dossier.count("vault", "rights.case", reports)
    dossier.count("vault", "rights.reidentification", consultations)
    dossier.count("vault", "vault.identifier", identifiers)
    dossier.deleted["vault"]["vault.subject"] = len(done.subjects)  # flagged, key gone
    dossier.keys = list(done.key_ids)
    return None


def tell_recipients(work: Work) -> Closure | None:
    """Step 5: tell everyone who received a segment with this person in it.

    No release to a recipient exists in this version, so there is nobody to tell, and the receipt
    says so with an empty list.
    """
    work.dossier.recipients = []
    work.ports.audit("recipients:told", {"case": str(work.case), "recipients": 0})
    return None


def scan_databases(work: Work) -> Closure | None:
    """Step 6: search every column of both databases for what must be gone.

    Raises:
        ResidueFound: something is left, or a column is missing from the data map.
    """
    report = scan_for(work.ports, work.dossier)
    work.dossier.scan_hash = report.digest()
    fields: dict[str, str | int | bool] = {
        "case": str(work.case),
        "tables": report.tables,
        "columns": report.columns,
        "needles": report.needles,
        "residue": len(report.residue),
        "scan_hash": report.digest(),
    }
    for number, finding in enumerate(report.residue[:20]):
        fields[f"found_{number}"] = f"{finding.kind} {finding.where}"[:500]
    work.ports.audit("erasure:scanned", fields)
    if report.residue:
        places = ", ".join(finding.where for finding in report.residue[:5])
        raise ResidueFound(f"the scan met {len(report.residue)} places ({places}); none was needed")
    return None


def complete(work: Work) -> Closure | None:
    """Step 7: write down that the erasure is done; the entry of the audit log last.

    A step of its own, so that a receipt that cannot be signed yet is asked for again without
    another entry each time.
    """
    ports, dossier = work.ports, work.dossier
    now = ports.clock()
    with vault_transaction(ports.vault) as vault:
        done = journal.find(vault, work.case)
        forget.complete_erasure(vault, case_id=work.case, at=now)
    if ports.journal is not None and done is not None:
        ports.journal.finish(done.id)
    rows = sum(sum(tables.values()) for tables in dossier.deleted.values())
    fields: dict[str, str | int | bool] = {
        "case": str(work.case),
        "rows": rows,
        "scan_hash": dossier.scan_hash,
    }
    dossier.completed_at = now.isoformat()
    ports.audit("erasure:completed", fields, _subject_ref(work))
    return None


def sign_receipt(work: Work) -> Closure | None:
    """Step 8: sign the log's head, which covers the completion, and the receipt over both."""
    ports, dossier = work.ports, work.dossier
    now = datetime.fromisoformat(dossier.completed_at)
    outcome = receipts.ErasureOutcome(
        receipt_id=uuid.uuid5(_RECEIPT_SPACE, str(work.case)),
        case_id=work.case,
        controller=ports.rules.controller.name,
        completed_at=now,
        scope=SCOPE,
        per_store=dossier.deleted,
        key_ids_destroyed=dossier.keys,
        scan_hash=dossier.scan_hash,
        audit_checkpoint=sign_head(ports),
        recipients=dossier.recipients,
        backup_bound_on=None if ports.schedule is None else ports.schedule.bound(now),
    )
    signed = _signed(ports, outcome)
    return Closure(
        CaseState.CLOSED,
        Step.RECEIPT_SIGNED,
        receipt=signed,
        digest=receipts.digest(signed),
        subject_ref=_subject_ref(work),
    )


def _subject_ref(work: Work) -> str | None:
    return work.dossier.arefs[0] if work.dossier.arefs else None


def _signed(ports: Ports, outcome: receipts.ErasureOutcome) -> dict[str, Any]:
    """Sign by the version in use, which the vault names."""
    now = current(ports.vault, ports.keyring, receipts.SIGNER)
    signer = partial(ports.keyring.sign, receipts.SIGNER, version=now.version)
    return receipts.sign(outcome, signer, now.public_key)
