"""The rights and audit paths.  An identifier travels in the body, never in a URL."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from gateway.dependencies import AnyOperator, WiredEdge
from gateway.openapi import READS_JSON, WANTS_CREDENTIAL, problems
from gateway.rights.audit_reading import entries
from gateway.rights.cases import CaseType
from gateway.rights.operators import Operator, Role, require_role
from gateway.rights.schemas import (
    CaseOut,
    CasesOut,
    CheckpointOut,
    EntriesOut,
    RequestIn,
)
from gateway.rights.service import Request

router = APIRouter(
    prefix="/v1/rights/requests", tags=["rights"], responses=problems(*WANTS_CREDENTIAL)
)
audit_router = APIRouter(prefix="/v1/audit", tags=["audit"], responses=problems(*WANTS_CREDENTIAL))

MAX_ENTRY = 10**14  # no log gets there; every reader of JSON, and of the log, keeps it exact


# One names other people, the other decides who somebody is: neither is everyday work.
FOR_DPO = frozenset({CaseType.VARIANTS, CaseType.UNLINK})


def _handler(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO, Role.OPERATOR)


def _reader(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO, Role.AUDITOR)


Handler = Annotated[Operator, Depends(_handler)]
AuditReader = Annotated[Operator, Depends(_reader)]


@router.post("", status_code=201, responses=problems(*READS_JSON))
def open_request(body: RequestIn, operator: Handler, edge: WiredEdge) -> CaseOut:
    """Open a request and do what it asks; somebody unknown is answered with a case, too."""
    if body.type in FOR_DPO:
        require_role(operator, Role.DPO)
    request = Request(body.type, body.claimed(), body.identity_check.attested(), body.channel)
    return CaseOut.of(edge.rights.request(operator, request))


@router.get("")
def list_requests(_operator: AnyOperator, edge: WiredEdge) -> CasesOut:
    """Give the register of requests, newest first; it names nobody."""
    return CasesOut(requests=[CaseOut.of(row) for row in edge.rights.cases()])


@router.get("/{case}", responses=problems(404, 422))
def read_request(case: uuid.UUID, _operator: AnyOperator, edge: WiredEdge) -> CaseOut:
    """Say where a request stands."""
    return CaseOut.of(edge.rights.case(case))


@router.get("/{case}/result", responses=problems(404, 409, 410, 422))
def read_result(case: uuid.UUID, operator: Handler, edge: WiredEdge) -> dict[str, Any]:
    """Give the access report, or the signed receipt of an erasure; reading it is logged."""
    if edge.rights.case(case).type in FOR_DPO:
        require_role(operator, Role.DPO)
    return edge.rights.result(operator, case)


@audit_router.get("/checkpoint")
def read_checkpoint(_operator: AuditReader, edge: WiredEdge) -> CheckpointOut:
    """Give a signed checkpoint over the whole log."""
    return edge.rights.checkpoint()


@audit_router.get("/entries", responses=problems(422))
def read_entries(
    operator: AuditReader,
    edge: WiredEdge,
    first: Annotated[int, Query(alias="from", ge=0, le=MAX_ENTRY)] = 0,
    last: Annotated[int | None, Query(alias="to", ge=0, le=MAX_ENTRY)] = None,
) -> EntriesOut:
    """Give entries of the log with numbers *from* to *to*, at most a thousand; it is logged."""
    return entries(edge.rights.ports, operator, first, last)
