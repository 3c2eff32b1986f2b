"""How does the framework answer when it will not, or cannot?  In one shape, without an echo."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gateway.errors import (
    RETRY_SECONDS,
    TITLES,
    BodyInvalid,
    MethodNotAllowed,
    PathUnknown,
    Problem,
    headers_of,
    problem,
    written,
)
from policies.errors import ParaventError


def answer(document: Problem, *, retry_s: int = RETRY_SECONDS) -> Response:
    """Give *document* as a response of the framework."""
    return Response(
        msgspec.json.encode(document),
        status_code=document.status,
        headers=headers_of(document, retry_s=retry_s),
    )


def add_error_handlers(app: FastAPI) -> None:
    """Teach *app* to answer every failure in the one shape, without an echo of the input."""

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ParaventError)  # noqa: S101  # registered for this class only
        # Some know better than a moment when it is worth trying again.
        return answer(problem(error), retry_s=getattr(error, "seconds", RETRY_SECONDS))

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
    match status:
        case 400:  # its parser gave up on something deeper than a misplaced comma
            return problem(BodyInvalid("The body cannot be read as JSON; JSON was needed."))
        case 404:
            return problem(PathUnknown())
        case 405:
            return problem(MethodNotAllowed())
    return written(status, "http-error", f"{TITLES.get(status, 'Error')}.", "See /openapi.json.")


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
