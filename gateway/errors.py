"""How does an error become an answer?  The only module that knows HTTP status codes.

One shape, RFC 9457 ``application/problem+json``, with ``code`` and ``message``
beside the standard members because the client libraries of several dialects
read those two and treat an answer without them as a network failure.  Nothing
in it repeats what the client sent.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from policies.errors import ParaventError

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 2


class CredentialMissing(ParaventError):
    """No credential came with the request, or none we know."""

    code = "credential-invalid"
    remedy = "Send a valid key: Basic with the key as user name, Bearer, or the member writeKey."


class ScopeMissing(ParaventError):
    """The credential is valid but may not do this."""

    code = "scope-missing"
    remedy = "Use a key or operator token whose scopes or role include this action."


class BodyInvalid(ParaventError):
    """The body is not what this path reads."""

    code = "body-invalid"
    remedy = "Send one JSON object as the documentation of this path describes."


class BodyTooLarge(ParaventError):
    """The body is larger than the dialect allows."""

    code = "body-too-large"
    remedy = "Send at most 32 KB an event, 500 KB and 2 500 events a batch."


class RequestTooLarge(ParaventError):
    """The body is larger than any question this path answers."""

    code = "request-too-large"
    remedy = "Send at most 64 KB; events go to the ingest paths."


class MediaTypeUnsupported(ParaventError):
    """The body is labelled as something this path does not read."""

    code = "media-type-unsupported"
    remedy = "Send plain JSON with Content-Type: application/json and no Content-Encoding."


class QueueFull(ParaventError):
    """More is waiting for its commit than this process may hold."""

    code = "queue-full"
    remedy = "Send again after the seconds in Retry-After."


class SegmentUnknown(ParaventError):
    """The rulebook in force has no such segment."""

    code = "segment-unknown"
    remedy = "List the segments with GET /v1/segments."


# Everything that is the caller's to mend, and everything worth sending again.  Any other error is
# ours: a 500, so that no client takes our fault for its own and throws its events away.
STATUS: dict[str, int] = {
    "body-invalid": 400,
    "body-too-large": 400,  # the tracking dialect says so
    "credential-invalid": 401,
    "scope-missing": 403,
    "not-found": 404,
    "segment-unknown": 404,
    "case-unknown": 404,
    "case-busy": 409,
    "case-state": 409,
    "result-not-ready": 409,
    "result-expired": 410,
    "request-too-large": 413,
    "media-type-unsupported": 415,
    "identifier-invalid": 422,
    "purpose-unknown": 422,
    "queue-full": 429,
    "store-unavailable": 503,
    "store-busy": 503,
    "vault-unavailable": 503,
    "vault-contended": 503,
    "key-unavailable": 503,
    "audit-unavailable": 503,
}
RETRIABLE = frozenset({429, 503})
TITLES = {
    400: "Bad request",
    401: "Unauthorised",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not understood",
    429: "Too many requests",
    431: "Head too large",
    500: "Internal error",
    503: "Unavailable",
}


class Problem(msgspec.Struct, frozen=True):
    """One problem document."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: str
    remedy: str


def problem(error: ParaventError) -> Problem:
    """Say *error* as a problem document."""
    status = STATUS.get(error.code, 500)
    return written(status, error.code, str(error) or (type(error).__doc__ or ""), error.remedy)


def written(status: int, code: str, message: str, remedy: str) -> Problem:
    """Build a problem document from its parts."""
    title = TITLES.get(status, "Error")
    return Problem(f"urn:paravent:error:{code}", title, status, message, code, message, remedy)


def headers_of(document: Problem) -> dict[str, str]:
    """Give the headers that go with *document*: clients that retry need to know when."""
    headers = {"content-type": PROBLEM_TYPE}
    if document.status in RETRIABLE:
        headers["retry-after"] = str(RETRY_SECONDS)
    if document.status == 429:
        headers["x-ratelimit-reset"] = str(RETRY_SECONDS)
    if document.status == 401:
        headers["www-authenticate"] = "Bearer"
    return headers


def answer(document: Problem) -> Response:
    """Give *document* as a response of the framework."""
    return Response(
        msgspec.json.encode(document), status_code=document.status, headers=headers_of(document)
    )


def add_error_handlers(app: FastAPI) -> None:
    """Teach *app* to answer every failure in the one shape, without an echo of the input."""

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ParaventError)  # noqa: S101  # registered for this class only
        return answer(problem(error))

    async def malformed(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101  # as above
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return answer(problem(BodyInvalid("The body is not valid JSON; JSON was needed.")))
        where = _declared(app, first["loc"][1:])
        detail = f"The request does not have the documented form{where and f' at {where}'}."
        return answer(written(422, "body-invalid", detail, BodyInvalid.remedy))

    async def framework(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  # as above
        response = answer(_framework_problem(error.status_code))
        response.headers.update(error.headers or {})  # 405 says which methods there are
        return response

    async def unforeseen(_request: Request, _error: Exception) -> Response:
        return answer(written(500, "internal", "Internal error.", ParaventError.remedy))

    app.add_exception_handler(ParaventError, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(Exception, unforeseen)


def _framework_problem(status: int) -> Problem:
    if status == 400:  # its parser gave up on something deeper than a misplaced comma
        return problem(BodyInvalid("The body cannot be read as JSON; JSON was needed."))
    code = {404: "not-found", 405: "method-not-allowed"}.get(status, "http-error")
    return written(status, code, f"{TITLES.get(status, 'Error')}.", "See /openapi.json.")


def _declared(app: FastAPI, place: tuple[int | str, ...]) -> str:
    """Name the place of a fault as far as the names are ours: a client may make up others."""
    document = app.openapi()
    names = {parameter["name"] for parameter in _parameters(document)}
    for schema in document["components"]["schemas"].values():
        names |= schema.get("properties", {}).keys()
    ours = itertools.takewhile(lambda part: isinstance(part, int) or part in names, place)
    return ".".join(map(str, ours))


def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", ())
