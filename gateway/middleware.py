"""What must a request to the paths behind the ingest front be, before anything parses it?

Small, shallow and plain.  The framework reads a body whole and hands it to a
parser that recurses, so both are bounded here, for every path there is and for
those to come.
"""

from __future__ import annotations

import re
from typing import Any, Final

from gateway.errors import (
    BodyInvalid,
    BodyTooLarge,
    MediaTypeUnsupported,
    RequestTooLarge,
    problem,
)
from gateway.ingest import body as bodies
from gateway.ingest.routes import App, Scope, Send
from gateway.refusals import answer
from policies.errors import ParaventError

MAX_BODY_BYTES: Final = 64 * 1024  # ten identifiers of the greatest length, every sign escaped
# A whole rulebook comes in one body; the largest file alone may have a million characters.
MAX_RULEBOOK_BYTES: Final = 1024 * 1024
_LARGER: Final = {"/v1/rulebooks": MAX_RULEBOOK_BYTES}
MAX_DEPTH: Final = 16  # our deepest document has four levels
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# A string, or one of the signs that open and close a level.
_SIGN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)
_JSON: Final = re.compile(rb"\s*application/(?:[\w.-]+\+)?json\s*(?:;|\Z)", re.IGNORECASE)


class BoundedBody:
    """Hands requests on to *behind* once their body is known to be safe to parse."""

    def __init__(self, behind: App) -> None:
        self._behind = behind

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in _BODILESS:
            try:
                receive = _replayed(await _checked(scope, receive), receive)
            except ParaventError as error:
                await answer(problem(error))(scope, receive, send)
                return
        await self._behind(scope, receive, send)


async def _checked(scope: Scope, receive: bodies.Receive) -> bytes:
    """Give the whole body.

    Raises:
        RequestTooLarge: it is larger than this path takes; the rest is not read.
        MediaTypeUnsupported: it is packed, or not labelled as JSON.
        BodyInvalid: it is nested deeper than ``MAX_DEPTH``, or not UTF-8.
    """
    limit = _LARGER.get(scope["path"], MAX_BODY_BYTES)
    try:
        body = await bodies.read(receive, limit=limit)
    except BodyTooLarge:
        raise RequestTooLarge(
            f"The body is larger than {limit // 1024} KB; a smaller one was needed."
        ) from None
    if not body:
        return body
    headers = dict(scope["headers"])
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
        raise MediaTypeUnsupported("The body is packed; a plain one was needed.")
    if not _JSON.match(headers.get(b"content-type", b"")):
        raise MediaTypeUnsupported("The body is not labelled as JSON; application/json was needed.")
    if b"\0" in body:  # no JSON in UTF-8 holds one; JSON in UTF-16 is full of them
        raise BodyInvalid("The body is not UTF-8; JSON in UTF-8 was needed.")
    if _too_deep(body):
        raise BodyInvalid(f"The body is nested deeper than {MAX_DEPTH} levels; fewer were needed.")
    return body


def _too_deep(body: bytes) -> bool:
    depth = 0
    for sign in _SIGN.finditer(body):
        found = sign.group()
        depth += (found in (b"{", b"[")) - (found in (b"}", b"]"))
        if depth > MAX_DEPTH:
            return True
    return False


def _replayed(body: bytes, receive: bodies.Receive) -> bodies.Receive:
    """Give a ``receive`` that gives *body* once, and then what comes after it."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:  # noqa: ANN401  # an ASGI message
        return waiting.pop() if waiting else await receive()

    return again
