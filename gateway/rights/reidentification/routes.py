"""``/v1/reidentifications``.  A pseudonym travels in the body, never in a URL."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from gateway.dependencies import HANDLERS, AnyOperator, WiredEdge
from gateway.openapi import READS_JSON, WANTS_CREDENTIAL, problems
from gateway.rights.operators import Operator, Role, require_role
from gateway.rights.reidentification.schemas import (
    OpenedOut,
    ReidentificationIn,
    ReidentificationOut,
    ReidentificationsOut,
)

router = APIRouter(
    prefix="/v1/reidentifications",
    tags=["re-identification"],
    responses=problems(*WANTS_CREDENTIAL),
)


def _asker(operator: AnyOperator) -> Operator:
    return require_role(operator, *HANDLERS)


def _officer(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO)


Asker = Annotated[Operator, Depends(_asker)]
Officer = Annotated[Operator, Depends(_officer)]
STEP = problems(404, 409, 410, 422)


@router.post("", status_code=201, responses=problems(404, 429, *READS_JSON))
def ask(body: ReidentificationIn, operator: Asker, edge: WiredEdge) -> ReidentificationOut:
    """Ask whose a pseudonym is; the answer is the same whether anybody has it."""
    return ReidentificationOut.of(edge.reidentifications.ask(operator, body.wanted()))


@router.get("")
def list_reidentifications(_operator: AnyOperator, edge: WiredEdge) -> ReidentificationsOut:
    """Give the register, newest first; it names nobody and holds no pseudonym."""
    rows = edge.reidentifications.listed()
    return ReidentificationsOut(reidentifications=[ReidentificationOut.of(row) for row in rows])


@router.post("/{reidentification}/approval", responses=STEP)
def approve(reidentification: uuid.UUID, operator: Officer, edge: WiredEdge) -> ReidentificationOut:
    """Approve what another operator has asked for."""
    return ReidentificationOut.of(edge.reidentifications.approve(operator, reidentification))


@router.post("/{reidentification}/refusal", responses=STEP)
def refuse(reidentification: uuid.UUID, operator: Officer, edge: WiredEdge) -> ReidentificationOut:
    """Refuse it; the time box ends it otherwise."""
    return ReidentificationOut.of(edge.reidentifications.refuse(operator, reidentification))


@router.post("/{reidentification}/opening", responses=STEP)
def open_(
    reidentification: uuid.UUID, operator: Asker, edge: WiredEdge, response: Response
) -> OpenedOut:
    """Give the identifiers that are kept, to the one who asked, once; the log knows it before."""
    row, known = edge.reidentifications.open(operator, reidentification)
    response.headers["cache-control"] = "no-store"
    return OpenedOut.of(row, known)
