"""How long may the head of a request be, and how does a connection end?

The server this process runs in keeps whatever comes before a body, however
long it is; here that ends at a bound no honest client comes near.  It also
closes a connection on which half a head has arrived; here that is answered first.
"""

from __future__ import annotations

from typing import Final

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.errors import HeadTooLarge, headers_of, problem

MAX_HEAD_BYTES: Final = 64 * 1024  # request line and headers; proxies in use allow 8 to 32 KB


class BoundedHead(HttpToolsProtocol):
    """Serves one connection, and ends it where a head does not end."""

    _head_bytes: int | None = 0  # of the head being received; unset while a body is
    _leaving = False

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that it ends."""
        self._head_bytes = None
        super().on_headers_complete()
        if self._leaving and self.cycle is not None:
            self.cycle.keep_alive = False  # before its answer begins: that is a task of its own

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has become too long."""
        super().data_received(data)
        if self._head_bytes is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse()

    def leave(self) -> None:
        """Tell the client, with its next answer, that this connection ends there."""
        self._leaving = True
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """End this connection once nothing is on its way; the server waits for that, bounded."""
        self.leave()
        if not self._head_bytes:
            super().shutdown()

    def _refuse(self) -> None:
        refusal = problem(HeadTooLarge("The request's head is over 64 KB; less was needed."))
        body = msgspec.json.encode(refusal)
        headers = headers_of(refusal) | {"content-length": str(len(body)), "connection": "close"}
        lines = ["HTTP/1.1 431 Request Header Fields Too Large"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()
