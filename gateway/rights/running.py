"""How does a case run from its recorded step to its end?

Under a lock that dies with the process, the steps after the recorded one are done in order; each
is recorded, with the dossier the next needs, in a transaction of its own.  A step that was done but
not recorded is done again, and every step is safe to repeat (R-55).
"""

import contextlib
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from gateway.rights import access, erasure, register, unlinking, variants
from gateway.rights.cases import (
    EXPLANATIONS,
    REMEDIES,
    UNFINISHED,
    CaseReason,
    CaseState,
    CaseType,
    Step,
    advance,
    steps_after,
)
from gateway.rights.checkpoints import sign_head
from gateway.rights.dossier import open_dossier, seal_dossier
from gateway.rights.errors import CaseBusy, CaseUnknown, ResidueFound
from gateway.rights.ports import Ports
from gateway.rights.verification import IdentityCheck
from gateway.rights.work import Closure, Work
from pseudonymizer.errors import VaultContended
from pseudonymizer.vault.transactions import transaction
from workers.store.errors import StoreBusy

RESULT_KEPT: Final = timedelta(days=30)
ATTEMPTS: Final = 5

Act = Callable[[Work], Closure | None]

_ACTS: Final[Mapping[Step, Act]] = MappingProxyType(
    {
        Step.ASSEMBLED: access.assemble,
        Step.VAULT_FENCED: erasure.fence_vault,
        Step.STORE_ERASED: erasure.erase_store,
        Step.KEYS_DESTROYED: erasure.destroy_keys,
        Step.RECIPIENTS_TOLD: erasure.tell_recipients,
        Step.SCANNED: erasure.scan_databases,
        Step.COMPLETED: erasure.complete,
        Step.RECEIPT_SIGNED: erasure.sign_receipt,
        Step.VARIANTS_LISTED: variants.list_them,
        Step.NO_COPIED: unlinking.prepare,
        Step.UNLINKED: unlinking.undo,
    }
)


def run(ports: Ports, case: uuid.UUID) -> None:
    """Run *case* to its end.

    Raises:
        CaseUnknown, CaseBusy: there is no such case, or another process is at it.
        ResidueFound: the scan met something; the case goes back to deleting.
    """
    with transaction(ports.rights) as lock:
        if not register.try_case_lock(lock, case):
            raise CaseBusy("another process runs this case; nothing needs to be done")
        row = register.case_by_id(lock, case)
        if row is None:
            raise CaseUnknown("no case has this id; the id of an opened case was needed")
        if CaseState(row.state) in UNFINISHED:
            _steps(ports, row)


def reasoned(row: register.CaseRow, reason: CaseReason) -> dict[str, Any]:
    """Give what stands in place of a result when a case ended with a reason (R-09, R-11)."""
    return {
        "schema_v": 1,
        "case": str(row.id),
        "type": row.type,
        "reason": str(reason),
        "explanation": EXPLANATIONS[reason],
        "remedies": list(REMEDIES),
    }


def _steps(ports: Ports, row: register.CaseRow) -> None:
    work = Work(
        ports=ports,
        case=row.id,
        received_at=row.received_at,
        dossier=open_dossier(ports.keyring, row.id, row.sealed_dossier),
        subject_ids=row.subject_ids,
        by="cli" if row.operator is None else str(row.operator),
    )
    for step in steps_after(CaseType(row.type), None if row.step is None else Step(row.step)):
        closure = _open(work, row) if step is Step.OPENED else _act(work, step)
        if closure is not None:
            _close(work, row, closure)
            ports.failpoint(step)
            return
        _record(work, step)
        ports.failpoint(step)


def _open(work: Work, row: register.CaseRow) -> Closure | None:
    """Log the request and the identity check; a check that failed ends the case (Art. 12(6))."""
    check = IdentityCheck.parse(row.identity_check)
    fields = {
        "case": str(row.id),
        "type": row.type,
        "channel": row.channel,
        "method": check.method.value,
        "outcome": check.outcome.value,
        "by": work.by,
        "due_at": row.due_at.isoformat(),
    }
    work.ports.audit("case:opened", fields)
    if not check.confirmed:
        return Closure(CaseState.REFUSED, Step.OPENED, CaseReason.IDENTITY_NOT_VERIFIED)
    state = CaseState(row.state)
    if state is CaseState.RECEIVED:
        state = advance(state, CaseState.VERIFIED)
    if state is CaseState.VERIFIED:
        state = advance(state, CaseState.RUNNING)
    with transaction(work.ports.rights) as rights:
        register.set_state(rights, row.id, state)
    return None


def _act(work: Work, step: Step) -> Closure | None:
    try:
        return _until_uncontended(work, _ACTS[step])
    except ResidueFound:
        # What the scan met may have come from a writer that was under way: delete once more.
        _record(work, Step.VAULT_FENCED)
        with transaction(work.ports.rights) as rights:
            reason = CaseReason.RESIDUE_FOUND
            register.set_state(rights, work.case, CaseState.RUNNING, reason)
        raise


def _until_uncontended(work: Work, act: Act) -> Closure | None:
    """Do a step again when PostgreSQL broke a deadlock at its expense: it is safe to repeat."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(StoreBusy, VaultContended):
            return act(work)
    return act(work)


def _record(work: Work, step: Step) -> None:
    sealed = seal_dossier(work.ports.keyring, work.case, work.dossier)
    with transaction(work.ports.rights) as rights:
        register.set_step(
            rights, work.case, step, dossier=sealed, subject_ids=tuple(work.subject_ids)
        )


def _close(work: Work, row: register.CaseRow, closure: Closure) -> None:
    """Log the end, sign the log's head, then close: a closed case always has its checkpoint."""
    ports = work.ports
    ended = closure.state if closure.state is CaseState.REFUSED else CaseState.CLOSED
    fields = {
        "case": str(row.id),
        "type": row.type,
        "state": ended.value,
        "reason": closure.reason.value if closure.reason else "",
        "result": closure.digest,
    }
    ports.audit(f"case:{ended.value}", fields, closure.subject_ref)
    sign_head(ports)
    now = ports.clock()
    with transaction(ports.rights) as rights:
        register.close_case(
            rights,
            row.id,
            {
                "state": ended,
                "step": closure.step,
                "closed_at": now,
                "reason": closure.reason,
                "result": closure.result,
                "result_expires_at": now + RESULT_KEPT if closure.result else None,
                "receipt": closure.receipt,
                "subject_ids": work.subject_ids if closure.result else (),
            },
        )
