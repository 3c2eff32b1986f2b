"""How does an error become an answer?  The only module that knows HTTP status codes.

One shape, RFC 9457 ``application/problem+json``, with ``code`` and ``message``
beside the standard members because the client libraries of several dialects
read those two and treat an answer without them as a network failure.  Nothing
in it repeats what the client sent.
"""

from __future__ import annotations

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


class QueueFull(ParaventError):
    """More is waiting for its commit than this process may hold."""

    code = "queue-full"
    remedy = "Send again after the seconds in Retry-After."


class SegmentUnknown(ParaventError):
    """The rulebook in force has no such segment."""

    code = "segment-unknown"
    remedy = "List the segments with GET /v1/segments."


# Every error that is not the client's request as such; anything else raised on
# purpose is a plain 400, and what was not raised on purpose is a 500.
STATUS: dict[str, int] = {
    "credential-invalid": 401,
    "scope-missing": 403,
    "not-found": 404,
    "segment-unknown": 404,
    "case-unknown": 404,
    "result-not-ready": 409,
    "case-state": 409,
    "result-expired": 410,
    "queue-full": 429,
    "store-unavailable": 503,
    "vault-unavailable": 503,
    "key-unavailable": 503,
    "audit-unavailable": 503,
    "internal": 500,
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
    422: "Not understood",
    429: "Too many requests",
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
    status = STATUS.get(error.code, 400)
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
        # Names of declared fields are ours; values, messages that quote them, and names the
        # client made up are not repeated.
        known = ("body", "query", "path", "header")
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if str(part) not in known)
        fields = f" at {where}" if where and first["type"] != "extra_forbidden" else ""
        detail = f"The request does not have the documented form{fields}."
        return answer(written(422, "body-invalid", detail, BodyInvalid.remedy))

    async def framework(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  # as above
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
        title = TITLES.get(error.status_code, "Error")
        return answer(written(error.status_code, code, f"{title}.", "See /openapi.json."))

    async def unforeseen(_request: Request, _error: Exception) -> Response:
        return answer(written(500, "internal", "Internal error.", ParaventError.remedy))

    app.add_exception_handler(ParaventError, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(Exception, unforeseen)
