"""The gateway on a real socket: what a well-meant ASGI call cannot do to it."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import uvicorn

from gateway.main import served
from tests.support.builders import ALL_CATEGORIES, GRACE, consent
from tests.support.front import Front

CANARY = b"canary-hypatia"
MEGABYTE = 1_000_000


@dataclass
class Served:
    """A server of the shared application on a port of its own."""

    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, *parts: bytes) -> bytes:
        """Say *parts* on a new connection; give all that is answered until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has heard enough
            heard = b""
            try:
                while more := connection.recv(65_536):
                    heard += more
            except ConnectionResetError:
                pass
            return heard


@pytest.fixture(scope="module")
def server(front: Front) -> Iterator[Served]:
    config = served(front.client.app, host="127.0.0.1", port=0, lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not running.started and time.monotonic() < until:
        time.sleep(0.01)
    yield Served(running.servers[0].sockets[0].getsockname()[1], front.key)
    running.should_exit = True
    thread.join(20)


def event(message: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Added",
        "userId": GRACE.user_id,
        "messageId": message,
        "context": {"consent": consent(*ALL_CATEGORIES)},
        **members,
    }


def test_a_body_in_pieces_is_stored(server: Served, front: Front) -> None:
    body = json.dumps({"batch": [event("pieces-1"), event("pieces-2")]}).encode()
    for packed in (False, True):
        sent = gzip.compress(body) if packed else body
        pieces = (sent[at : at + 7] for at in range(0, len(sent), 7))
        headers = {"content-encoding": "gzip"} if packed else {}
        before = front.outcomes()
        answer = requests.post(
            f"{server.url}/v1/batch", pieces, auth=(server.key, ""), headers=headers, timeout=20
        )
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert answer.request.headers["Transfer-Encoding"] == "chunked"
        assert front.counted(before) == {("duplicate" if packed else "stored"): 2}
    assert "server" not in answer.headers


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize(("path", "status"), [("/v1/batch", 400), ("/v1/consents", 413)])
def test_an_endless_body_gets_an_answer_that_can_be_read(
    server: Served, path: str, status: int, *, measured: bool
) -> None:
    # A connection that is cut looks like a broken network, and is tried again.
    pieces = (b"x" * 10_000 for _ in range(1_000))
    body: Any = b"x" * 10 * MEGABYTE if measured else pieces
    with requests.Session() as session:
        for _ in range(2):
            answer = session.post(server.url + path, body, auth=(server.key, ""), timeout=20)
            assert answer.status_code == status
            assert answer.json()["code"] in ("body-too-large", "request-too-large")
            body = b"x" * MEGABYTE


def test_somebody_who_leaves_in_the_middle_leaves_the_others_alone(
    server: Served, front: Front
) -> None:
    head = b"POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n{"
    leaving = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for connection in leaving:
        connection.sendall(head)
    for connection in leaving:
        connection.close()
    assert requests.get(f"{server.url}/healthz", timeout=20).status_code == 200
    before = front.outcomes()
    sent = requests.post(
        f"{server.url}/v1/track", json=event("left-1"), auth=(server.key, ""), timeout=20
    )
    assert sent.status_code == 200
    assert front.counted(before) == {"stored": 1}


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(server: Served) -> None:
    body = json.dumps(event("asked-1", writeKey=server.key)).encode()
    head = (
        f"POST /v1/track HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
        "expect: 100-continue\r\nconnection: close\r\n\r\n"
    )
    heard = server.say(head.encode(), body)
    assert heard.startswith(b"HTTP/1.1 100 ")
    assert heard.endswith(b'{"success":true}')


@pytest.mark.parametrize(
    "said",
    [
        CANARY + b"\r\n\r\n",
        b"GET /" + CANARY + b" HTTP/9.9\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01" + CANARY,
        b"POST /v1/batch HTTP/1.1\r\ncontent-length: x\r\n\r\n" + CANARY,
        b"POST /v1/batch HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n" + CANARY,
        b"GET /\xff" + CANARY + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: a\0" + CANARY + b"\r\n\r\n",
        b"POST /v1/batch HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" + CANARY,
    ],
)
def test_what_is_no_http_is_refused_without_an_echo(server: Served, said: bytes) -> None:
    heard = server.say(said)
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert CANARY not in heard


def test_a_head_over_64_kb_is_refused_as_what_it_is(server: Served) -> None:
    heard = server.say(b"GET / HTTP/1.1\r\nx: " + CANARY * 5_000)
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert json.loads(body)["code"] == "head-too-large"
    assert CANARY not in heard


@pytest.mark.parametrize("inside", [b"GET / HTTP/1.1\r\nx: ", b"GET /", b"GET / HTTP/1.1\r\n"])
def test_a_head_without_an_end_is_ended(server: Served, inside: bytes) -> None:
    line = b"x: y\r\n" * 10_000 if inside.endswith(b"\r\n") else b"y" * 60_000
    heard = server.say(inside, *[line] * 200)
    assert heard == b"" or heard.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert requests.get(f"{server.url}/healthz", timeout=20).status_code == 200


def test_a_head_of_ordinary_length_is_read(server: Served) -> None:
    cookies = {"cookie": "c" * 30_000}
    assert requests.get(f"{server.url}/healthz", headers=cookies, timeout=20).status_code == 200
