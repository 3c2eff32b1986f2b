"""What may a route ask for?  The wired edge, and who is calling.

A route that asks for none of the callers below is open to anybody; a test lists those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase

from gateway.authentication import key_in_header
from gateway.errors import CredentialMissing
from gateway.openapi import SECURITY_SCHEMES
from gateway.rights.operators import Operator, Role, authenticate_operator, require_role
from gateway.wiring import Edge


class _Credential(SecurityBase):
    """Gives the ``Authorization`` header as it came, and documents what may be in it."""

    def __init__(self, name: str) -> None:
        scheme = SECURITY_SCHEMES[name]
        self.scheme_name = name
        self.model = HTTPBase(scheme=scheme["scheme"], description=scheme["description"])

    async def __call__(self, request: Request) -> str | None:
        """Give the header; what it says is judged by who asks for it."""
        return request.headers.get("authorization")


OperatorCredential = Annotated[str | None, Depends(_Credential("operatorToken"))]
_SourceKey = Annotated[str | None, Depends(_Credential("sourceKey"))]
_SourceKeyAsUser = Annotated[str | None, Depends(_Credential("sourceKeyAsUser"))]


HANDLERS = (Role.DPO, Role.OPERATOR)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: a source's key or an operator's token, never both."""

    source: int | None
    operator: Operator | None

    def log(self, edge: Edge, action: str) -> None:
        """Log *action* before it is done when an operator does it; what a key does is not."""
        if self.operator is not None:
            edge.rights.ports.audit(action, {"by": str(self.operator.id)})


def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


WiredEdge = Annotated[Edge, Depends(_edge)]


def caller_with(scope: str, *roles: Role) -> Callable[..., Caller]:
    """Give a dependency that lets in source keys with *scope*, and operators of *roles*.

    A key is an application's.  What is above the disclosure floor every role may read; a single
    person's data, and choices made in their name, are the business of those who handle requests.
    """

    def caller(
        edge: WiredEdge,
        authorization: _SourceKey,
        _as_user: _SourceKeyAsUser,
        _operator: OperatorCredential,
    ) -> Caller:
        if not authorization:
            raise CredentialMissing("No credential came with the request.")
        _, key = key_in_header(authorization)
        if key is not None and key.startswith("pk_"):
            return Caller(edge.source_keys.authenticate(key, scope).source, None)
        operator = authenticate_operator(edge.rights_engine, authorization)
        return Caller(None, require_role(operator, *roles))

    return caller


def _operator(edge: WiredEdge, authorization: OperatorCredential) -> Operator:
    return authenticate_operator(edge.rights_engine, authorization)


def _metrics_reader(
    request: Request, edge: WiredEdge, authorization: OperatorCredential
) -> Operator | None:
    open_to_all: bool = request.app.state.metrics_open
    return None if open_to_all else authenticate_operator(edge.rights_engine, authorization)


AnyOperator = Annotated[Operator, Depends(_operator)]
MetricsReader = Annotated[Operator | None, Depends(_metrics_reader)]
SegmentReader = Annotated[Caller, Depends(caller_with("segments:read", *Role))]
SubjectReader = Annotated[Caller, Depends(caller_with("subjects:read", *HANDLERS))]
ConsentWriter = Annotated[Caller, Depends(caller_with("consent:write", *HANDLERS))]
