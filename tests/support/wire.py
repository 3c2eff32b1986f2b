"""A wire to PostgreSQL that hands on what it hears, statement by statement.

A :class:`Wire` is a Unix socket.  Each connection through it is a :class:`Line`, which knows where
the protocol ends a statement: a simple query, the messages up to a synchronisation, a flush or, in
a pipeline, the next statement, or the rows of a COPY.  What is done with a statement before it
reaches the server is the affair of the lines' own kind: cut (``scissors``) or kept waiting
(``tests/interleavings``).

Source: PostgreSQL, "Frontend/Backend Protocol", message formats of version 3.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

EXECUTE = b"E"
BEGINS = (b"P", b"B")  # of a statement: it is parsed, or bound if it was parsed before
FLUSH = b"H\x00\x00\x00\x04"
PORT = 5432  # names the socket file
# Ends of a statement → what the answer ends in; in a pipeline only after a flush.
ENDS = {b"Q": b"ZG", b"S": b"ZG", b"c": b"CE", b"H": b"CEIs", EXECUTE: b"CEIs"}
PASSWORD = b"p"

End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line(ABC):
    """One connection: what the client says, and what the server answers."""

    def __init__(self, client: End, server: End) -> None:
        self._questions, self._client = client
        self._answers, self._server = server

    async def carry(self) -> None:
        """Hand on in both directions until either side, or the line itself, ends it."""
        both = [asyncio.create_task(self._ask()), asyncio.create_task(self._answer())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            self.hang_up()

    def hang_up(self) -> None:
        """Break the connection at both ends."""
        self._client.transport.abort()
        self._server.transport.abort()

    async def _ask(self) -> None:
        start = await self._questions.readexactly(4)
        self._begin(start + await self._questions.readexactly(_length(start) - 4))
        statement, executed = b"", False
        while True:
            kind, message = await _message(self._questions)
            if executed and kind in BEGINS:
                await self._hand_on(EXECUTE, statement)
                statement, executed = b"", False
            statement += message
            if kind == EXECUTE:
                executed = True
                continue
            if kind == PASSWORD:
                self._server.write(statement)
            elif kind in ENDS:
                await self._hand_on(kind, statement)
            else:
                continue
            statement, executed = b"", False

    def _begin(self, introduction: bytes) -> None:
        """Hand on how the client introduces itself."""
        self._server.write(introduction)

    @abstractmethod
    async def _hand_on(self, kind: bytes, statement: bytes) -> None:
        """Hand on a *statement* that ends in a message of *kind*, or do not."""

    async def _answer(self) -> None:
        while True:
            kind, message = await _message(self._answers)
            self._heard(kind, message)

    @abstractmethod
    def _heard(self, kind: bytes, message: bytes) -> None:
        """Hand on one message of the server's."""


class Wire:
    """A socket folder that leads to the server of *dsn*, through lines of the kind given.

    Its lines run on a thread of their own, or beside those of the wire *beside*.
    """

    def __init__(
        self, dsn: str, line: Callable[[End, End], Line], *, beside: Wire | None = None
    ) -> None:
        self._dsn = dsn
        self._line = line
        # /tmp and not pytest's folder: the path of a Unix socket has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="paravent-wire-"))
        self._lines: set[Line] = set()
        self._carried: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.loop = asyncio.new_event_loop() if beside is None else beside.loop
        self._thread = None if beside else threading.Thread(target=self._run, daemon=True)

    def through(self, dsn: str) -> str:
        """Give *dsn*, of any database of the server, by way of this wire."""
        return make_conninfo(dsn, host=str(self.folder), port=str(PORT))

    @contextlib.contextmanager
    def strung(self) -> Iterator[Wire]:
        """Hand on connections until the end of this."""
        if self._thread is not None:
            self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(30)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(30)
            if self._thread is not None:
                self.loop.call_soon_threadsafe(self.loop.stop)
                self._thread.join(30)
                self.loop.close()
            shutil.rmtree(self.folder)

    def _run(self) -> None:
        self.loop.run_forever()

    async def _listen(self) -> None:
        path = self.folder / f".s.PGSQL.{PORT}"
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.hang_up()
        await asyncio.gather(*self._carried, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = conninfo_to_dict(self._dsn)
        host, port = str(parts.get("host") or "localhost"), int(parts.get("port") or PORT)
        if host.startswith("/"):
            answers, server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            answers, server = await asyncio.open_connection(host, port)
        line = self._line((reader, writer), (answers, server))
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(line)
        self._carried.add(task)
        await line.carry()
        self._lines.discard(line)
        self._carried.discard(task)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(_length(head[1:]) - 4)


def _length(four: bytes) -> int:
    return int.from_bytes(four, "big")
