"""What does a step get, and what does the last one give?"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.rights.cases import CaseReason, CaseState, Step
from gateway.rights.dossier import Dossier
from gateway.rights.ports import Ports
from pseudonymizer.warrant import Warrant


@dataclass(slots=True)
class Work:
    """One case in the hands of the thread that runs it; steps write into the dossier."""

    ports: Ports
    case: uuid.UUID
    received_at: datetime
    dossier: Dossier
    subject_ids: tuple[int, ...] = ()
    by: str = "cli"

    def warrant(self) -> Warrant:
        """Give the right to open this person's seals, for this request."""
        return Warrant(self.case, self.by)

    def sink(self) -> "DurableSink":
        """Give an audit sink whose entries are durable when ``append`` returns."""
        return DurableSink(self.ports)


@dataclass(frozen=True, slots=True)
class DurableSink:
    """Appends each entry in a transaction of its own: audit first, reveal second."""

    ports: Ports

    def append(self, action: str, subject_ref: str | None, fields: Mapping[str, str]) -> int:
        """Append one entry, commit, and give its number."""
        return self.ports.audit(action, fields, subject_ref)


@dataclass(frozen=True, slots=True)
class Closure:
    """How a case ends.

    Attributes:
        result: the sealed access report.
        receipt: the signed receipt of an erasure.
        digest: SHA-256 of the sealed result or of the receipt in hex, by which the log names it.
        subject_ref: the subject's name in the audit log, where there is one.
    """

    state: CaseState
    step: Step
    reason: CaseReason | None = None
    result: bytes | None = None
    receipt: dict[str, Any] | None = None
    digest: str = ""
    subject_ref: str | None = None
