"""``POST /v1/consents``: a choice given, refused or withdrawn, in one call each way."""

from datetime import UTC, datetime

from fastapi import APIRouter

from gateway.consent.schemas import ConsentIn, ConsentOut
from gateway.consent.service import Choice
from gateway.dependencies import ConsentWriter, WiredEdge
from gateway.openapi import READS_JSON, WANTS_CREDENTIAL, problems
from policies.vocabulary import ConsentStatus

router = APIRouter(prefix="/v1/consents", tags=["consent"], responses=problems(*WANTS_CREDENTIAL))


@router.post("", responses=problems(*READS_JSON))
def record_consent(body: ConsentIn, caller: ConsentWriter, edge: WiredEdge) -> ConsentOut:
    """Record a choice; it is in force when this answers, and so is a withdrawal."""
    caller.log(edge, "consent:recorded")
    receipt = edge.consent.record(
        Choice(
            kind=body.identifier.kind,
            value=body.identifier.value.get_secret_value(),
            purposes={purpose: ConsentStatus(said) for purpose, said in body.purposes.items()},
            at_us=None if body.at is None else round(body.at.timestamp() * 1_000_000),
            scope=body.scope,
            evidence=body.evidence,
            notice=body.notice,
            source=caller.source,
        )
    )
    return ConsentOut(receipt_id=receipt, acknowledged=body.purposes, received_at=datetime.now(UTC))
