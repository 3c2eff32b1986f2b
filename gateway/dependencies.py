"""What may a route ask for?  The wired edge, and who is calling."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from gateway.authentication import key_in_header
from gateway.errors import CredentialMissing
from gateway.rights.operators import Operator, authenticate_operator
from gateway.wiring import Edge

Authorization = Annotated[str | None, Header()]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: a source's key or an operator's token, never both."""

    source: int | None
    operator: Operator | None


def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


WiredEdge = Annotated[Edge, Depends(_edge)]


def caller_with(scope: str) -> Callable[..., Caller]:
    """Give a dependency that lets in source keys with *scope*, and operators.

    A write key is an application's; a person's token is enough because every
    role may read what is above the disclosure floor.
    """

    def caller(edge: WiredEdge, authorization: Authorization = None) -> Caller:
        if not authorization:
            raise CredentialMissing("No credential came with the request.")
        _, key = key_in_header(authorization)
        if key is not None and key.startswith("pk_"):
            return Caller(edge.source_keys.authenticate(key, scope).source, None)
        return Caller(None, authenticate_operator(edge.rights_engine, authorization))

    return caller


SegmentReader = Annotated[Caller, Depends(caller_with("segments:read"))]
SubjectReader = Annotated[Caller, Depends(caller_with("subjects:read"))]
ConsentWriter = Annotated[Caller, Depends(caller_with("consent:write"))]
