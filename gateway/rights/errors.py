"""What can be wrong with a data-subject request, each with its code and remedy."""

from typing import ClassVar

from gateway.errors import CredentialMissing, ScopeMissing
from policies.errors import ParaventError


class CaseUnknown(ParaventError):
    """No case has this id."""

    code: ClassVar[str] = "case-unknown"
    remedy: ClassVar[str] = "List the cases with `paravent rights list` and use an id from there."


class CaseStepImpossible(ParaventError):
    """The case is in a state from which this state is never reached."""

    code: ClassVar[str] = "case-state"
    remedy: ClassVar[str] = "Read the case again; a closed or refused case is never reopened."


class CaseBusy(ParaventError):
    """Another process is running this case right now."""

    code: ClassVar[str] = "case-busy"
    remedy: ClassVar[str] = "Wait for it, then read the case; it needs no second request."


class ResultNotReady(ParaventError):
    """The case has no result yet."""

    code: ClassVar[str] = "result-not-ready"
    remedy: ClassVar[str] = "Read the case until its state is closed, then ask for the result."


class ResultExpired(ParaventError):
    """The result was kept for its period, or until its subject was erased, and is gone."""

    code: ClassVar[str] = "result-expired"
    remedy: ClassVar[str] = "Open a new request; results are kept for thirty days."


class ResidueFound(ParaventError):
    """The scan found something that must be gone."""

    code: ClassVar[str] = "residue-found"
    remedy: ClassVar[str] = (
        "The case stays open and deletes again on its next run; read the scan's findings in the "
        "audit log, and annotate any column it names."
    )


class DataMapIncomplete(ParaventError):
    """A column that holds a pseudonym has no reader in the access report."""

    code: ClassVar[str] = "data-map-incomplete"
    remedy: ClassVar[str] = "Give the table a section in gateway/rights/access.py."


class OperatorUnknown(CredentialMissing):
    """No operator in force has this token."""

    remedy: ClassVar[str] = (
        "Send `Authorization: Bearer TOKEN` with a token from `paravent operators add`."
    )


class OperatorForbidden(ScopeMissing):
    """The operator's role does not reach this."""

    remedy: ClassVar[str] = "Ask an operator whose role allows it; roles are never self-granted."


class ReceiptInvalid(ParaventError):
    """The receipt does not check against its signature or shape."""

    code: ClassVar[str] = "receipt-invalid"
    remedy: ClassVar[str] = "Take the receipt from the case again; do not rely on this copy."
