"""A wire to PostgreSQL that is cut at any statement one likes.

A :class:`Wire` is a Unix socket that hands on what it hears, statement by statement as the protocol
ends them: a simple query, the messages up to a synchronisation, a flush or, in a pipeline, the next
statement, or the rows of a COPY.  The :class:`Scissors` count the statements of all their wires and
cut the one they were set to:

* *before*: the server never hears of the statement;
* *torn*: half of its bytes arrive, then the line goes dead;
* *after*: the server does what it says and answers; nobody hears the answer.

Source: PostgreSQL, "Frontend/Backend Protocol", message formats of version 3.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

EXECUTE = b"E"
BEGINS = (b"P", b"B")  # of a statement: it is parsed, or bound if it was parsed before
FLUSH = b"H\x00\x00\x00\x04"
PORT = 5432  # names the socket file
# Ends of a statement → what the answer ends in; in a pipeline only after a flush.
ENDS = {b"Q": b"ZG", b"S": b"ZG", b"c": b"CE", b"H": b"CEIs", EXECUTE: b"CEIs"}
PASSWORD = b"p"
TEXT_AT = {b"Q": 5, b"P": 5}
ANSWER_S = 30.0  # an answer that takes longer is lost before it comes


class Cut(Enum):
    """Where in a statement the line is cut."""

    BEFORE = "before"
    TORN = "torn"
    AFTER = "after"


class Severed(Exception):  # not an error: it is what was asked for
    """The line was cut."""


@dataclass
class Scissors:
    """Counts statements; cuts one of them, and then no other until set again."""

    count: int = 0
    at: int = 0
    cut: Cut = Cut.BEFORE
    said: str = ""
    dice: random.Random | None = None
    chance: float = 0.0
    delay_s: float = 0.0  # before every statement is handed on: a slow disk or a far server

    def set(self, at: int, cut: Cut) -> None:
        """Cut the *at*-th statement from now on; 1 is the next."""
        self.count, self.cut, self.said = 0, cut, ""
        self.at = at

    def gnaw(self, dice: random.Random | None, chance: float) -> None:
        """Cut any statement with this *chance* from now on, anywhere in it; ``None`` to end it."""
        self.dice, self.chance = dice, chance

    def put_away(self) -> bool:
        """Cut nothing any more; say whether a line was cut since ``set``."""
        was_set, self.at = self.at, 0
        return 0 < was_set <= self.count

    def falls(self, statement: bytes) -> bool:
        """Count one statement; say whether it is the one."""
        self.count += 1
        if self.dice is not None and self.dice.random() < self.chance:
            self.cut = self.dice.choice(list(Cut))
            return True
        if self.count != self.at:
            return False
        self.said = _text(statement)
        return True


class Wire:
    """A socket folder that leads to the server of *dsn*, past the scissors."""

    def __init__(self, dsn: str, scissors: Scissors) -> None:
        self._dsn = dsn
        self._scissors = scissors
        # /tmp and not pytest's folder: the path of a Unix socket has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="paravent-wire-"))
        self._lines: set[_Line] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def through(self, dsn: str) -> str:
        """Give *dsn*, of any database of the server, by way of this wire."""
        return make_conninfo(dsn, host=str(self.folder), port=str(PORT))

    @contextlib.contextmanager
    def strung(self) -> Iterator[Wire]:
        """Hand on connections until the end of this."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
            self._loop.close()
            shutil.rmtree(self.folder)

    async def _listen(self) -> None:
        path = self.folder / f".s.PGSQL.{PORT}"
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.hang_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = conninfo_to_dict(self._dsn)
        host, port = str(parts.get("host") or "localhost"), int(parts.get("port") or PORT)
        if host.startswith("/"):
            answers, server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            answers, server = await asyncio.open_connection(host, port)
        line = _Line((reader, writer), (answers, server), self._scissors)
        self._lines.add(line)
        await line.carry()
        self._lines.discard(line)


End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Line:
    """One connection: what the client says, and what the server answers."""

    def __init__(self, client: End, server: End, scissors: Scissors) -> None:
        self._questions, self._client = client
        self._answers, self._server = server
        self._scissors = scissors
        self._awaited = b""
        self._answered = asyncio.Event()

    async def carry(self) -> None:
        """Hand on in both directions until either side, or the scissors, end it."""
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
        self._server.write(start + await self._questions.readexactly(_length(start) - 4))
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

    async def _hand_on(self, kind: bytes, statement: bytes) -> None:
        scissors = self._scissors
        if scissors.delay_s:
            await asyncio.sleep(scissors.delay_s)
        if not scissors.falls(statement):
            self._server.write(statement)
            return
        if scissors.cut is Cut.TORN:
            self._server.write(statement[: len(statement) // 2])
            await self._server.drain()
        elif scissors.cut is Cut.AFTER:
            self._awaited = ENDS[kind]
            self._server.write(statement + FLUSH * (kind == EXECUTE))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), ANSWER_S)
        raise Severed

    async def _answer(self) -> None:
        while True:
            kind, message = await _message(self._answers)
            if not self._awaited:
                self._client.write(message)
            elif kind in self._awaited:
                self._answered.set()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(_length(head[1:]) - 4)


def _length(four: bytes) -> int:
    return int.from_bytes(four, "big")


def _text(statement: bytes) -> str:
    """Give the SQL of a statement where it carries some; a prepared one goes by its name."""
    if statement[:1] == b"d":
        return "rows of a COPY"
    parts = [part for part in statement[5:].split(b"\0") if part]
    return " ".join(b" ".join(parts[:2]).decode(errors="replace").split())[:120]
