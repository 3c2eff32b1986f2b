"""``/v1/rulebooks``: what is in force, and how another comes to be."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from gateway.dependencies import HANDLERS, AnyOperator, WiredEdge
from gateway.openapi import READS_JSON, WANTS_CREDENTIAL, problems
from gateway.rights.operators import Operator, Role, require_role
from gateway.rulebooks.reading import read
from gateway.rulebooks.schemas import RulebookIn, RulebooksOut, ToldOut

router = APIRouter(prefix="/v1/rulebooks", tags=["rulebook"], responses=problems(*WANTS_CREDENTIAL))


def _proposer(operator: AnyOperator) -> Operator:
    return require_role(operator, *HANDLERS)


def _officer(operator: AnyOperator) -> Operator:
    return require_role(operator, Role.DPO)


Proposer = Annotated[Operator, Depends(_proposer)]
Officer = Annotated[Operator, Depends(_officer)]
Number = Annotated[int, Path(ge=1, le=2**53 - 1, description="The number of the change.")]


@router.get("")
def list_changes(_operator: AnyOperator, edge: WiredEdge) -> RulebooksOut:
    """Say which rulebook is in force, and list the changes, newest first."""
    standing, changes = edge.rulebooks.listed()
    return RulebooksOut.of(standing, list(changes))


@router.post("", status_code=201, responses=problems(409, *READS_JSON))
def propose(body: RulebookIn, operator: Proposer, edge: WiredEdge) -> ToldOut:
    """Propose a rulebook.  One that loosens nothing is in force when this answers."""
    return ToldOut.told(edge.rulebooks.propose(operator, read(body.files)))


@router.get("/{change}", responses=problems(404, 422))
def read_change(change: Number, _operator: AnyOperator, edge: WiredEdge) -> ToldOut:
    """Say where a change stands, and what it does for people."""
    return ToldOut.told(edge.rulebooks.one(change))


@router.post("/{change}/approval", responses=problems(404, 409, 422))
def approve(change: Number, operator: Officer, edge: WiredEdge) -> ToldOut:
    """Approve a change that somebody else proposed; it is in force when this answers."""
    return ToldOut.told(edge.rulebooks.approve(operator, change))


@router.post("/{change}/refusal", responses=problems(404, 409, 422))
def refuse(change: Number, operator: Officer, edge: WiredEdge) -> ToldOut:
    """Refuse a change; it can be proposed again."""
    return ToldOut.told(edge.rulebooks.refuse(operator, change))
