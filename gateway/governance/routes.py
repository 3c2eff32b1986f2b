"""``/v1/governance``: evidence for the DPO and the auditor; and what anybody may read."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from gateway.dependencies import AnyOperator, WiredEdge
from gateway.governance import dpia
from gateway.governance.spreadsheets import MEDIA_TYPE
from gateway.openapi import WANTS_CREDENTIAL, problems
from gateway.rights.operators import Operator, Role, require_role

router = APIRouter(
    prefix="/v1/governance", tags=["governance"], responses=problems(*WANTS_CREDENTIAL)
)
public_router = APIRouter(tags=["transparency"], responses=problems(503))


def _reader(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO, Role.AUDITOR)


Reader = Annotated[Operator, Depends(_reader)]
SHEET: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A spreadsheet."}
}


@router.get("/record")
def read_record(operator: Reader, edge: WiredEdge) -> dict[str, Any]:
    """Give the record of processing activities (Article 30); reading it is logged."""
    edge.evidence.logged("record", str(operator.id))
    return edge.evidence.record()


@router.get("/record.csv", response_class=Response, responses=SHEET)
def read_record_sheet(operator: Reader, edge: WiredEdge) -> Response:
    """Give the same for a French spreadsheet."""
    edge.evidence.logged("record", str(operator.id))
    return _sheet(edge.evidence.record_sheet())


@router.get("/access-matrix.csv", response_class=Response, responses=SHEET)
def read_access_matrix(operator: Reader, edge: WiredEdge) -> Response:
    """Give who may do what in both databases, as deployed; reading it is logged."""
    edge.evidence.logged("access-matrix", str(operator.id))
    return _sheet(edge.evidence.access_sheet())


@router.get("/impact-assessment")
def read_assessment(operator: Reader, edge: WiredEdge) -> list[dict[str, Any]]:
    """Give what an impact assessment starts from (Article 35); reading it is logged."""
    edge.evidence.logged("impact-assessment", str(operator.id))
    return dpia.document(edge.evidence.assessment())


@router.get("/retention")
def read_retention(operator: Reader, edge: WiredEdge) -> dict[str, Any]:
    """Say what is kept, for how long, and what has expired; reading it is logged."""
    edge.evidence.logged("retention", str(operator.id))
    return edge.evidence.retention()


@public_router.get("/v1/transparency")
def read_transparency(edge: WiredEdge) -> dict[str, Any]:
    """Say to anybody what is computed, of what, why and for how long; nothing about anybody."""
    return edge.public.transparency()


@public_router.get("/.well-known/gpc.json")
def read_privacy_control(edge: WiredEdge) -> dict[str, Any]:
    """Say whether Global Privacy Control is heeded, where a browser looks for that."""
    return edge.public.privacy_control()


@public_router.get("/.well-known/paravent-keys.json")
def read_public_keys(edge: WiredEdge) -> dict[str, Any]:
    """Give the public keys of receipts, checkpoints and callbacks, earlier ones included."""
    return edge.public_keys.document()


def _sheet(text: str) -> Response:
    return Response(text.encode(), media_type=MEDIA_TYPE)
