"""What does the interface say about itself, beyond what the framework reads off the routes?

Every refusal is one shape, said once; every way to say who one is has a name.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.errors import PROBLEM_TYPE, TITLES

Document = dict[str, Any]

PROBLEM: Final[Document] = {
    "title": "Problem",
    "description": (
        "RFC 9457, with the code and message that client libraries read. Nothing in it repeats"
        " what was sent."
    ),
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "message", "remedy"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "message": {"type": "string"},
        "remedy": {"type": "string"},
    },
}
SECURITY_SCHEMES: Final[Document] = {
    "sourceKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A source's key, `pk_…`, with the scope the path needs.",
    },
    "sourceKeyAsUser": {
        "type": "http",
        "scheme": "basic",
        "description": "The same key as the user name of Basic, with an empty password.",
    },
    "operatorToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "An operator's token, `pvo_…`, whose role the path needs.",
    },
}
BY_SOURCE: Final[list[Document]] = [{"sourceKey": []}, {"sourceKeyAsUser": []}]
BY_OPERATOR: Final[list[Document]] = [{"operatorToken": []}]

# What a path that reads a JSON body may answer besides success.
READS_JSON: Final = (400, 413, 415, 422)
# What a path that wants a credential may answer, the databases being away among it.
WANTS_CREDENTIAL: Final = (401, 403, 503)


def problems(*statuses: int) -> dict[int | str, Document]:
    """Give the documentation of refusals with *statuses*, for ``responses=`` of a route."""
    return {status: _refusal(status) for status in sorted(set(statuses))}


def _refusal(status: int) -> Document:
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusal: Document = {"description": TITLES[status], "content": content}
    if status in (429, 503):
        whole = {"type": "integer", "minimum": 1}
        refusal["headers"] = {"Retry-After": {"schema": whole, "required": True}}
    return refusal


def completed(document: Document, ingest: Document) -> Document:
    """Give the framework's *document* with the *ingest* paths and what both refer to."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    # The framework's own shape of a refusal, which no path of ours answers with.
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = SECURITY_SCHEMES
    document["paths"] = {**ingest, **document["paths"]}
    return document
