"""What do the rights and audit interfaces read and answer?

The value of an identifier is a ``SecretStr`` from the first parse, so that it is in no ``repr``,
no log line and no validation error.
"""

import uuid
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.identifier_schema import IdentifierIn
from gateway.rights.cases import EXPLANATIONS, REMEDIES, CaseReason, CaseState, CaseType
from gateway.rights.register import CaseRow
from gateway.rights.verification import CheckMethod, CheckOutcome, IdentityCheck

PAIR = 2
MAX_IDENTIFIERS = 10  # one person's cookies, devices and addresses; more is not one request


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class IdentityCheckIn(_Strict):
    """The operator's attestation that the requester is the data subject; never the proof."""

    method: CheckMethod
    outcome: CheckOutcome

    def attested(self) -> IdentityCheck:
        """Give the attestation as the case keeps it."""
        return IdentityCheck(self.method, self.outcome)


class RequestIn(_Strict):
    """A data-subject request: which right, about whom, and how the requester was checked."""

    type: CaseType
    identifier: IdentifierIn | None = None
    identifiers: Annotated[tuple[IdentifierIn, ...], Field(max_length=MAX_IDENTIFIERS)] = ()
    identity_check: IdentityCheckIn = IdentityCheckIn(
        method=CheckMethod.OPERATOR_ANSWERS, outcome=CheckOutcome.CONFIRMED
    )
    channel: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] = "api"

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.claimed():
            raise ValueError("name the subject in `identifier` or `identifiers`")
        if self.type is CaseType.UNLINK and len(self.claimed()) != PAIR:
            raise ValueError("name two identifiers: those whose link is to be undone")
        return self

    def claimed(self) -> tuple[tuple[str, str], ...]:
        """Give every (kind, value) of the request, without repetition."""
        given = (self.identifier, *self.identifiers)
        found = [(i.kind.value, i.value.get_secret_value()) for i in given if i is not None]
        # In order: of two that name one subject, undoing takes the second off it.
        return tuple(dict.fromkeys(found))


class CaseOut(BaseModel):
    """Where a case stands: the same members, whoever is asked about."""

    id: uuid.UUID
    type: CaseType
    state: CaseState
    step: str | None
    channel: str
    identity_check: IdentityCheckIn
    received_at: datetime
    due_at: datetime
    closed_at: datetime | None
    reason: str | None
    explanation: str | None
    remedies: tuple[str, ...]
    result: str | None = Field(description="Path of the result, once there is one.")
    result_expires_at: datetime | None

    @classmethod
    def of(cls, row: CaseRow) -> Self:
        """Give the public view of a case."""
        check = IdentityCheck.parse(row.identity_check)
        state = CaseState(row.state)
        explanation = None if row.reason is None else EXPLANATIONS[CaseReason(row.reason)]
        return cls(
            id=row.id,
            type=CaseType(row.type),
            state=state,
            step=row.step,
            channel=row.channel,
            identity_check=IdentityCheckIn(method=check.method, outcome=check.outcome),
            received_at=row.received_at,
            due_at=row.due_at,
            closed_at=row.closed_at,
            reason=row.reason,
            explanation=explanation,
            remedies=() if row.reason is None else REMEDIES,
            result=f"/v1/rights/requests/{row.id}/result" if state is CaseState.CLOSED else None,
            result_expires_at=row.result_expires_at,
        )


class CasesOut(BaseModel):
    """The register of requests, newest first."""

    requests: list[CaseOut]


class CheckpointOut(BaseModel):
    """The signed head of the audit log."""

    size: int
    root: str = Field(description="Hex of the Merkle root.")
    note: str = Field(description="C2SP signed note, as text.")
    public_key: str = Field(description="Base64 of the Ed25519 key that signs checkpoints.")
    verifier_key: str = Field(description="The same key as `name+id+base64`, for verifiers.")


class EntryOut(BaseModel):
    """One entry of the audit log."""

    seq: int
    header: str = Field(description="Canonical JSON whose bytes are the leaf.")
    leaf_hash: str
    commitment: str | None = None


class EntriesOut(BaseModel):
    """A range of the audit log."""

    entries: list[EntryOut]
    size: int


AccessReport = dict[str, Any]
