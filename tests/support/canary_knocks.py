"""A canary at the wrong doors: bad keys, bad bodies, bad paths, and what is no request at all.

Nothing of this is stored; what matters is that no answer and no log repeats it.
"""

from __future__ import annotations

import base64
import gzip
import socket
from urllib.parse import quote, urlsplit

from tests.support.canary_calls import Calls
from tests.support.installation import Installed

DOORS = (
    ("POST", "/v1/batch"), ("POST", "/v1/consents"), ("GET", "/v1/rights/requests"),
    ("GET", "/v1/segments"),
)  # fmt: skip
READERS = ("/v1/batch", "/v1/track", "/v1/consents", "/v1/subjects/segments")
HEADERS = (
    "user-agent", "referer", "cookie", "origin", "x-forwarded-for", "x-request-id", "forwarded",
)  # fmt: skip
WEBSOCKET = (
    "HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def knock(home: Installed, calls: Calls, texts: list[str]) -> None:
    """Come with every one of *texts* in every place where a request can go wrong."""
    for text in texts:
        wrong_keys(home, calls, text)
        wrong_bodies(home, calls, text)
        wrong_paths(home, calls, text)
        no_requests(home, text)


def wrong_keys(home: Installed, calls: Calls, text: str) -> None:
    said = quote(text, safe="")
    user = base64.b64encode(f"{text}:".encode()).decode()
    key = base64.b64encode(f"pk_{text}_{text}:{text}".encode()).decode()
    for authorization in (f"Bearer {said}", f"Bearer pk_{said}_{said}", f"Basic {said}", said,
                          f"Basic {user}", f"Basic {key}"):  # fmt: skip
        for method, path in DOORS:
            body = {"batch": [calls.base()]} if method == "POST" else None
            headers = {"authorization": authorization}
            assert home.request(method, path, headers=headers, json=body).status_code == 401
    for write_key in (text, f"pk_{text}_x"):
        keyed = calls.base() | {"writeKey": write_key}
        assert home.request("POST", "/v1/track", json=keyed).status_code == 401


def wrong_bodies(home: Installed, calls: Calls, text: str) -> None:
    raw = text.encode()
    for body in (
        raw, b'{"batch": [' + raw, b'{"userId": "' + raw, b"[" * 900 + raw, b'"' + raw + b'"',
        b'{"batch": "' + raw + b'"}', raw + b"\xff\xfe\x00",
        b'{"batch": [{"type": "track", "userId": "\\ud800' + raw + b'"}]}',
    ):  # fmt: skip
        for path in READERS:
            home.post(path, content=body, headers={"content-type": "application/json"})
    said = quote(text, safe="")
    home.post("/v1/batch", content=raw, headers={"content-encoding": "gzip"})
    home.post("/v1/batch", content=raw, headers={"content-encoding": said})
    home.post("/v1/consents", content=raw, headers={"content-type": said})
    bomb = gzip.compress(raw * 20_000)
    home.post("/v1/batch", content=bomb, headers={"content-encoding": "gzip"})
    home.post("/v1/batch", json={"batch": [calls.base() | {"properties": {"query": text * 400}}]})


def wrong_paths(home: Installed, calls: Calls, text: str) -> None:
    said = quote(text, safe="")
    headers = dict.fromkeys(HEADERS, said) | {f"x-{base64.b16encode(text.encode()).decode()}": said}
    for path in (f"/{said}", f"/v1/{said}", f"/v1/segments/{said}", f"/v1/track/{said}",
                 f"/healthz?{said}={said}", f"/readyz?x={said}", f"/metrics?{said}"):  # fmt: skip
        for method in ("GET", "PUT"):
            home.as_operator(method, path, headers=headers)
    home.post(f"/v1/track?{said}={said}", json=calls.base(), headers=headers)
    home.request("OPTIONS", f"/v1/batch?{said}", headers=headers)


def no_requests(home: Installed, text: str) -> None:
    """Speak what is no HTTP, and what is HTTP but nothing we speak."""
    at = urlsplit(home.url)
    said = quote(text, safe="")
    for sent in (f"{text}\r\n\r\n", f"GET /{text} HTTP/9\r\n\r\n", f"GET /{said} {WEBSOCKET}",
                 f"{said} / HTTP/1.1\r\n{text}\r\n\r\n"):  # fmt: skip
        with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
            connection.sendall(sent.encode())
            connection.shutdown(socket.SHUT_WR)
            home.said.append(connection.recv(4096).decode(errors="replace"))
