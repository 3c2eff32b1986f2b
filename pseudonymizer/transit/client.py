"""How is the key service asked, and which of its answers count?

One request is one journey with an end: nothing is repeated behind the caller's back but a request
that was refused while a newer token lay in the file.  Only 200 and 204 count as done.  What the
service says about a failure is read here and goes no further, and no exception of the HTTP library
is kept, since it holds the request and so the token.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Final

import httpx

from pseudonymizer.errors import (
    KeyFileInsecure,
    KeyFileInvalid,
    KeyServiceInvalid,
    KeyUnavailable,
)
from pseudonymizer.transit.address import ServiceAddress

__all__ = ["Client", "Refused"]

JOURNEY_S: Final = 2.5  # half the patience of the transactions that wait for it (gateway.wiring)
TIMES: Final = httpx.Timeout(2.0, connect=1.0, pool=1.0)
LARGEST_BYTES: Final = 1 << 20  # the answer to a full batch takes 50 KB
KEPT: Final = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=30)

# Vault 1.21 and OpenBao 2.7, HTTP API, "HTTP status codes".
_SAID: Final = {
    403: "the key service refuses the token for this; one with the right policy was needed",
    429: "the key service is asked more often than it allows; a higher quota was needed",
    503: "the key service is sealed or not the active one; an unsealed one was needed",
}


class Refused(Exception):
    """The service says 400: what was asked does not fit the key; never leaves this package."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__()
        self.reasons = reasons


class Client:
    """Asks one Transit mount, from any thread."""

    def __init__(self, address: ServiceAddress) -> None:
        self._address = address
        self._token = address.token()
        # No proxy and no certificates from the environment, no redirect: the token and the keys
        # that are wrapped go to the named address or nowhere.
        self._http = httpx.Client(
            verify=address.trusted(),
            trust_env=False,
            follow_redirects=False,
            timeout=TIMES,
            limits=KEPT,
            headers={"accept-encoding": "identity", "x-vault-request": "true"},
        )

    def __repr__(self) -> str:
        return "Client(…)"

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def read(self, path: str) -> dict[str, Any] | None:
        """Give what is at *path*, or ``None`` where nothing is.

        Raises:
            KeyUnavailable: no answer, or none that counts.
        """
        status, body = self._asked("GET", path, b"")
        return None if status == 404 else _data(status, body)

    def write(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for *body* to be worked on at *path*; give the answer, empty where there is none.

        Raises:
            Refused: the service says 400.
            KeyUnavailable: no answer, or none that counts.
        """
        status, answer = self._asked("POST", path, json.dumps(body).encode())
        if status == 400:
            raise Refused(_reasons(answer))
        return {} if status == 204 else _data(status, answer)

    def _asked(self, method: str, path: str, content: bytes) -> tuple[int, bytes]:
        used = self._token
        status, body = self._journey(method, path, content, used)
        if status == 403:
            # Tokens end, and whoever renews them writes the new one into the file.  While it is
            # being written there may be none: the refusal stands, and senders come back.
            with contextlib.suppress(KeyFileInsecure, KeyFileInvalid, KeyServiceInvalid):
                self._token = self._address.token()
            if self._token != used:
                status, body = self._journey(method, path, content, self._token)
        return status, body

    def _journey(self, method: str, path: str, content: bytes, token: str) -> tuple[int, bytes]:
        until = time.monotonic() + JOURNEY_S
        try:
            with self._http.stream(
                method, self._address.base + path, content=content, headers={"x-vault-token": token}
            ) as answer:
                return answer.status_code, _body(answer, until)
        except httpx.TimeoutException:
            failure = "the key service took too long; an answer in time was needed"
        except (httpx.HTTPError, httpx.StreamError, OSError):
            failure = "the key service cannot be reached, or breaks off; an answer was needed"
        # Raised here and not above, so that the library's exception is not even its context.
        raise KeyUnavailable(failure)


def _body(answer: httpx.Response, until: float) -> bytes:
    body = bytearray()
    for part in answer.iter_raw():
        body += part
        if len(body) > LARGEST_BYTES:
            raise httpx.StreamError("too long")
        if time.monotonic() > until:
            raise httpx.ReadTimeout("too slow")
    return bytes(body)


def _data(status: int, body: bytes) -> dict[str, Any]:
    """Give the member every answer of the service keeps its result in."""
    if status != 200:
        said = _SAID.get(status, f"the key service answered {status}; 200 was needed")
        raise KeyUnavailable(said)
    data = _object(body).get("data")
    if not isinstance(data, dict):
        raise KeyUnavailable("the key service's answer is not of the form it has; data was needed")
    return data


def _reasons(body: bytes) -> list[str]:
    errors = _object(body).get("errors")
    return [str(error) for error in errors] if isinstance(errors, list) else []


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}
