"""A neighbour that hands requests on to a real key service, and can be told to misbehave."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Deed = Callable[["Handler", int, bytes], None]
"""Answers in place of the service: given who asks, and the service's own status and body."""

KEPT = ("X-Vault-Token", "X-Amz-Target", "X-Amz-Date", "Authorization", "Content-Type")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10  # for whoever keeps a connection and says nothing more
    disable_nagle_algorithm = True  # head and body are two writes; the second would wait 40 ms
    server: Any

    def do_GET(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _hand_on(self) -> None:
        liar: Liar = self.server.liar
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        kept = {name: self.headers.get(name, "") for name in KEPT if name in self.headers}
        what = self.path + self.headers.get("x-amz-target", "")  # AWS has one path for everything
        liar.asked.append((self.command, what, len(content)))
        if liar.swallows and what.endswith(liar.swallows):
            done = (200, b"{}") if "x-amz-target" in self.headers else (204, b"")
            self.answer(*done)
            return
        with liar.lock:
            real = liar.http.request(self.command, self.path, content=content, headers=kept)
        with contextlib.suppress(OSError):  # who asked has hung up
            if liar.deed is None:
                self.answer(real.status_code, real.content)
            else:
                liar.deed(self, real.status_code, real.content)


@dataclass
class Liar:
    """Stands in front of a key service.

    Attributes:
        deed: what it does to an answer; ``None`` hands it on.
        swallows: the end of a path, or an operation of AWS; what is asked there is called done, and
            is not.
        asked: every request: method, path or operation, bytes.
        over: set at the end of the test, for deeds that wait.
    """

    url: str
    http: httpx.Client
    deed: Deed | None = None
    swallows: str = ""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextlib.contextmanager
def in_front_of(real: str) -> Iterator[Liar]:
    """Hand requests on to *real* until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing waits for those who still answer
    with httpx.Client(base_url=real, trust_env=False) as http:
        liar = Liar(f"http://127.0.0.1:{server.server_port}", http)
        server.liar = liar  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield liar
        finally:
            liar.over.set()
            server.shutdown()
            server.server_close()
            thread.join()
