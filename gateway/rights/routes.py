"""The rights and audit paths.  An identifier travels in the body, never in a URL."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from gateway.dependencies import Authorization, WiredEdge
from gateway.rights.audit_reading import entries
from gateway.rights.operators import Operator, Role, authenticate_operator, require_role
from gateway.rights.schemas import (
    CaseOut,
    CasesOut,
    CheckpointOut,
    EntriesOut,
    RequestIn,
)
from gateway.rights.service import Request

router = APIRouter(prefix="/v1/rights/requests", tags=["rights"])
audit_router = APIRouter(prefix="/v1/audit", tags=["audit"])


def _operator(edge: WiredEdge, authorization: Authorization = None) -> Operator:
    return authenticate_operator(edge.rights_engine, authorization)


AnyOperator = Annotated[Operator, Depends(_operator)]


def _handler(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO, Role.OPERATOR)


def _reader(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO, Role.AUDITOR)


Handler = Annotated[Operator, Depends(_handler)]
AuditReader = Annotated[Operator, Depends(_reader)]


@router.post("", status_code=201)
def open_request(body: RequestIn, operator: Handler, edge: WiredEdge) -> CaseOut:
    """Open a request and do what it asks; unknown and known subjects answer alike (R-45)."""
    request = Request(body.type, body.claimed(), body.identity_check.attested(), body.channel)
    return CaseOut.of(edge.rights.request(operator, request))


@router.get("")
def list_requests(_operator: AnyOperator, edge: WiredEdge) -> CasesOut:
    """Give the register of requests, newest first; it names nobody."""
    return CasesOut(requests=[CaseOut.of(row) for row in edge.rights.cases()])


@router.get("/{case}")
def read_request(case: uuid.UUID, _operator: AnyOperator, edge: WiredEdge) -> CaseOut:
    """Say where a request stands."""
    return CaseOut.of(edge.rights.case(case))


@router.get("/{case}/result")
def read_result(case: uuid.UUID, operator: Handler, edge: WiredEdge) -> dict[str, Any]:
    """Give the access report, or the signed receipt of an erasure; reading it is logged."""
    return edge.rights.result(operator, case)


@audit_router.get("/checkpoint")
def read_checkpoint(_operator: AuditReader, edge: WiredEdge) -> CheckpointOut:
    """Give a signed checkpoint over the whole log."""
    return edge.rights.checkpoint()


@audit_router.get("/entries")
def read_entries(
    operator: AuditReader,
    edge: WiredEdge,
    first: Annotated[int, Query(alias="from", ge=0)] = 0,
    last: Annotated[int | None, Query(alias="to", ge=0)] = None,
) -> EntriesOut:
    """Give entries of the log with numbers *from* to *to*, at most a thousand; it is logged."""
    return entries(edge.rights.ports, operator, first, last)
