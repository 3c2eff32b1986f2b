"""How is a data-subject request opened, run, resumed and answered?

A case is opened in one transaction and then run by one worker thread of this process, step by
step; the caller waits for it for a while and otherwise reads the case again.  What a killed process
left unfinished, or an outage, is found at the next start, and looked for again every ten seconds.
"""

import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from gateway.rights import checkpoints, register, running
from gateway.rights.access import open_report
from gateway.rights.cases import UNFINISHED, CaseReason, CaseState, CaseType, Step
from gateway.rights.deadlines import due_at
from gateway.rights.dossier import Dossier, seal_dossier
from gateway.rights.errors import CaseBusy, CaseUnknown, ResultExpired, ResultNotReady
from gateway.rights.operators import Operator
from gateway.rights.ports import DEFAULT_ORIGIN, Ports, no_failpoint, utc_now
from gateway.rights.runner import Runner
from gateway.rights.schemas import CheckpointOut
from gateway.rights.verification import IdentityCheck
from policies.errors import ParaventError
from policies.ruleset import RuleSet
from pseudonymizer.journal_file import JournalFile
from pseudonymizer.keyring import Keyring
from pseudonymizer.ratchet import Schedule
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.subjects import all_alive
from pseudonymizer.vault.transactions import transaction

PATIENCE_S: Final = 20.0  # how long an answer waits for its case; most take well under a second
LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Request:
    """A data-subject request as it was made: which right, about whom, checked how."""

    type: CaseType
    claimed: tuple[tuple[str, str], ...]
    check: IdentityCheck
    channel: str = "api"

    def __repr__(self) -> str:
        return f"Request({self.type}, {len(self.claimed)} identifiers)"


class RightsService:
    """Opens, runs and answers data-subject requests."""

    def __init__(  # noqa: PLR0913 - the ports, by name
        self,
        *,
        store_engine: Engine,
        vault_engine: Engine,
        rights_engine: Engine,
        keyring: Keyring,
        rulebook: Callable[[], RuleSet],
        resolver: Resolver | None = None,
        auditor_engine: Engine | None = None,
        origin: str = DEFAULT_ORIGIN,
        clock: Callable[[], datetime] = utc_now,
        schedule: Schedule | None = None,
        journal: JournalFile | None = None,
        failpoint: Callable[[Step], None] = no_failpoint,
    ) -> None:
        """Take what a case needs; nothing runs before a request, or ``resume_unfinished``."""
        self.ports = Ports(
            store=store_engine,
            vault=vault_engine,
            rights=rights_engine,
            keyring=keyring,
            rulebook=rulebook,
            resolver=resolver,
            auditor=auditor_engine,
            origin=origin,
            clock=clock,
            schedule=schedule,
            journal=journal,
            failpoint=failpoint,
        )
        self._runner = Runner(self._run_quietly, self.unfinished)

    def open(self, operator: Operator | None, request: Request) -> register.CaseRow:
        """Open a case; it is on record when this returns, and nothing has been done yet."""
        ports, now, case = self.ports, self.ports.clock(), uuid.uuid4()
        row = register.CaseRow(
            id=case,
            type=request.type,
            state=CaseState.RECEIVED,
            received_at=now,
            due_at=due_at(now, ports.rules.timezone),
            operator=None if operator is None else operator.id,
            channel=request.channel,
            identity_check=str(request.check),
            sealed_dossier=seal_dossier(ports.keyring, case, Dossier(list(request.claimed))),
        )
        with transaction(ports.rights) as rights:
            register.insert_case(rights, row)
        return row

    def request(self, operator: Operator | None, request: Request) -> register.CaseRow:
        """Open a case and give it as it stands once it is done, or after ``PATIENCE_S``."""
        case = self.open(operator, request).id
        self._runner.submit(case).wait(PATIENCE_S)
        return self.case(case)

    def run(self, case: uuid.UUID) -> register.CaseRow:
        """Run a case to its end in this thread, from the step after the last recorded one.

        Raises:
            CaseBusy: another process runs it.
            ResidueFound: something is left after an erasure; the case stays open.
        """
        running.run(self.ports, case)
        return self.case(case)

    def resume_unfinished(self) -> None:
        """Let the worker thread finish what an earlier process began; return at once."""
        self._runner.start()

    def unfinished(self) -> list[uuid.UUID]:
        """Give the cases that are neither closed nor refused; drop results past their period."""
        with transaction(self.ports.rights) as rights:
            register.drop_expired_results(rights, self.ports.clock())
            return register.unfinished_cases(rights)

    def case(self, case: uuid.UUID) -> register.CaseRow:
        """Give one case, or raise ``CaseUnknown``."""
        with transaction(self.ports.rights) as rights:
            found = register.case_by_id(rights, case)
        if found is None:
            raise CaseUnknown("no case has this id; the id of an opened case was needed")
        return found

    def cases(self) -> list[register.CaseRow]:
        """Give the newest cases."""
        with transaction(self.ports.rights) as rights:
            return register.cases(rights, limit=LISTED)

    def result(self, operator: Operator | None, case: uuid.UUID) -> dict[str, Any]:
        """Give the access report or the signed receipt; that it was read is logged first.

        Raises:
            ResultNotReady: the case is not closed.
            ResultExpired: the report's thirty days are over, or its subject was erased.
        """
        row = self.case(case)
        if CaseState(row.state) in UNFINISHED:
            raise ResultNotReady(f"the case is {row.state}; a closed case was needed")
        by = "cli" if operator is None else str(operator.id)
        self.ports.audit("result:read", {"case": str(case), "type": row.type, "by": by})
        if row.reason is not None:
            return running.reasoned(row, CaseReason(row.reason))
        if row.receipt is not None:
            return row.receipt
        expires_at = row.result_expires_at
        over = row.result is None or expires_at is None or expires_at <= self.ports.clock()
        if over or row.result is None or self._erased(row):
            raise ResultExpired("the report is not kept any more; a new request is needed")
        return open_report(self.ports, row.id, row.result)

    def _erased(self, row: register.CaseRow) -> bool:
        """Say whether somebody the report is about was erased while it was being made."""
        with transaction(self.ports.vault) as vault:
            return not all_alive(vault, row.subject_ids)

    def checkpoint(self) -> CheckpointOut:
        """Give a signed checkpoint over all that is in the audit log."""
        return checkpoints.current(self.ports)

    def close(self) -> None:
        """Stop the worker thread after the step it is in."""
        self._runner.stop()

    def _run_quietly(self, case: uuid.UUID) -> None:
        # What went wrong stays in the case: it is not closed, and is tried again.  The error may
        # not be logged whole, since a driver's message can quote a row.
        with contextlib.suppress(ParaventError, CaseBusy):
            running.run(self.ports, case)
