"""``/v1/consents`` and ``/v1/notices``: choices, what was shown before them, and the proof."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gateway.consent.schemas import BannerIn, ConsentIn, ConsentOut
from gateway.consent.service import Choice
from gateway.dependencies import AnyOperator, ConsentWriter, WiredEdge
from gateway.openapi import READS_JSON, WANTS_CREDENTIAL, problems
from gateway.pacing import paced
from gateway.rights.operators import Operator, Role, require_role
from policies.vocabulary import ConsentStatus

router = APIRouter(prefix="/v1", tags=["consent"], responses=problems(*WANTS_CREDENTIAL))


def _prover(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO, Role.AUDITOR)


def _officer(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO)


Prover = Annotated[Operator, Depends(_prover)]
Officer = Annotated[Operator, Depends(_officer)]


@router.post("/consents", responses=problems(*READS_JSON))
def record_consent(body: ConsentIn, caller: ConsentWriter, edge: WiredEdge) -> ConsentOut:
    """Record a choice; it is in force when this answers, and so is a withdrawal."""
    caller.log(edge, "consent:recorded")
    choice = Choice(
        kind=body.identifier.kind,
        value=body.identifier.value.get_secret_value(),
        purposes={purpose: ConsentStatus(said) for purpose, said in body.purposes.items()},
        at_us=None if body.at is None else round(body.at.timestamp() * 1_000_000),
        evidence=body.evidence,
        notice=body.notice,
        source=caller.source,
    )
    with paced():
        receipt = edge.consent.record(choice)
    return ConsentOut(receipt_id=receipt, acknowledged=body.purposes, received_at=datetime.now(UTC))


@router.get("/consents/{receipt}/proof", responses=problems(404, 422))
def prove_consent(receipt: uuid.UUID, operator: Prover, edge: WiredEdge) -> dict[str, Any]:
    """Prove a choice: its records, what was shown, and their way to a signed head of the log."""
    return edge.proofs.of(operator, receipt)


@router.get("/notices")
def list_notices(_operator: AnyOperator, edge: WiredEdge) -> dict[str, Any]:
    """List every notice there ever was, with the banners that showed it."""
    return {"notices": edge.proofs.notices()}


@router.post("/notices", status_code=201, responses=problems(404, *READS_JSON))
def register_banner(body: BannerIn, operator: Officer, edge: WiredEdge) -> dict[str, Any]:
    """Register a version of the banner that shows a notice; give the proof that it is on record."""
    return edge.proofs.register_banner(operator, body.said())
