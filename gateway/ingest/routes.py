"""The ingest paths, as a bare ASGI callable in front of the framework.

Routing, request objects and responses of a framework cost 0.2 ms a request,
which is nothing for a batch and a factor of 3.7 for a single event
(``performance.md`` section 1).  Only these paths pay for that with less
comfort; everything else goes on to the application behind.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec
import structlog

from gateway import metrics
from gateway.authentication import SourceKeys, key_in_header
from gateway.errors import (
    RETRY_SECONDS,
    CredentialMissing,
    MethodNotAllowed,
    Problem,
    RateExceeded,
    headers_of,
    problem,
    written,
)
from gateway.ingest import body as bodies
from gateway.ingest.commit_group import CommitGroups
from gateway.ingest.dialects import segment
from gateway.ingest.rates import Rates
from policies.errors import ParaventError, StoreUnavailable
from workers.tracing import Tracing

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, bodies.Receive, Send], Awaitable[None]]

CALLS: Final = {
    f"/v1/{call}{slash}": call for call in (*segment.KINDS, *segment.BATCHES) for slash in ("", "/")
}
SCOPE: Final = "ingest"
# Seconds an answer waits for a database that neither takes the events nor breaks the connection:
# well inside the 15 after which the client libraries stop listening and send again anyway.
PATIENCE_S: Final = 8.0
_CORS: Final = (b"access-control-allow-origin", b"*")
_PREFLIGHT: Final = [
    _CORS,
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Content-Encoding, X-Retry-Count, SP-Anonymous",
    ),
    (b"access-control-max-age", b"3600"),
    (b"content-length", b"0"),
]
_JSON: Final = (b"content-type", b"application/json")
# A page of another origin may read when to come back.
_EXPOSED: Final = (b"access-control-expose-headers", b"Retry-After, X-RateLimit-Reset")
_ALLOW: Final = (b"allow", b"POST, OPTIONS")

log = structlog.get_logger(__name__)


class Ingest:
    """Serves the ingest paths and passes everything else on to *behind*."""

    def __init__(self, behind: App) -> None:
        self._behind = behind
        self.keys: SourceKeys | None = None
        self.groups: CommitGroups | None = None
        self.rates = Rates(None)
        self.draining = False
        self.tracing: Tracing | None = None

    async def __call__(self, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        call = CALLS.get(scope["path"]) if scope["type"] == "http" else None
        if call is None:
            await self._behind(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await _answer(send, 200, _PREFLIGHT, b"")
        elif scope["method"] != "POST":
            refused = MethodNotAllowed("This path reads another method; POST was needed.")
            await _refuse(send, problem(refused), more=(_ALLOW,))
        else:
            await self._post(call, scope, receive, send)

    async def _post(self, call: str, scope: Scope, receive: bodies.Receive, send: Send) -> None:
        try:
            await self._take(call, scope, receive)
        except RateExceeded as error:
            await _refuse(send, problem(error), retry_s=error.seconds)
        except ParaventError as error:
            await _refuse(send, problem(error))
        except Exception as error:  # noqa: BLE001  # the client must get an answer, without details
            log.error("ingest-failed", error=type(error).__name__)
            remedy = ParaventError.remedy
            await _refuse(send, written(500, "internal", "Internal error.", remedy))
        else:
            await _answer(send, 200, [_CORS, _JSON], segment.SUCCESS)

    async def _take(self, call: str, scope: Scope, receive: bodies.Receive) -> None:
        if self.groups is None or self.keys is None:
            raise StoreUnavailable("The gateway is still starting; a started one was needed.")
        authorization, encoding, objects = _headers(scope)
        sent = await bodies.read(receive, limit=segment.MAX_BATCH_BYTES)
        body = bodies.inflate(sent, encoding, limit=segment.MAX_BATCH_BYTES)
        key = _key(authorization, body)
        try:
            async with asyncio.timeout(PATIENCE_S):
                known = self.keys.remembered(key, SCOPE)
                if known is None:
                    known = await asyncio.to_thread(self.keys.authenticate, key, SCOPE)
                received_us = time.time_ns() // 1_000
                with metrics.DECODING.time():
                    decoded = segment.decode(call, body, received_us, objects=objects)
                self.rates.spend(known.source, len(decoded.events))
                await self.groups.submit(known.source, decoded, received_us)
        except TimeoutError:
            # What a writer has taken may still be committed; sent again, it is a duplicate.
            raise StoreUnavailable("The databases do not answer in time; send again.") from None


def _headers(scope: Scope) -> tuple[str, str, bool]:
    """Give the credential, the encoding, and whether Global Privacy Control is switched on."""
    authorization = encoding = ""
    objects = False
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value.decode("latin-1")
        elif name == b"content-encoding":
            encoding = value.decode("latin-1").strip().lower()
        elif name == b"sec-gpc":  # of several, one that says 1 is enough
            objects |= value.strip() == b"1"
    return authorization, encoding, objects


def _key(authorization: str, body: bytes) -> str:
    """Find the write key: Basic, or the member ``writeKey``, or a Bearer key alone.

    A Bearer token beside ``writeKey`` is a token of another system: the key in
    the body is what authenticates.
    """
    scheme, key = key_in_header(authorization) if authorization else ("", None)
    if scheme == "basic" and key:
        return key
    key = segment.write_key(body) or key
    if not key:
        raise CredentialMissing("No write key came with the request.")
    return key


async def _refuse(
    send: Send,
    document: Problem,
    *,
    more: tuple[tuple[bytes, bytes], ...] = (),
    retry_s: int = RETRY_SECONDS,
) -> None:
    named = headers_of(document, retry_s=retry_s)
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    headers += [_CORS, _EXPOSED, *more]
    await _answer(send, document.status, headers, msgspec.json.encode(document))


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = headers if headers is _PREFLIGHT else [*headers, length]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
