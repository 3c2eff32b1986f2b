"""A line to PostgreSQL on which every statement waits to be let through.

What is let through is waited for: in a pipeline a flush goes after it, so that one statement is
done before another, of whomever, begins.  Whose line it is says the name that its connection gave
to PostgreSQL.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from tests.interleavings.touching import NOTHING, Touch, is_end, touched
from tests.support.wire import ENDS, EXECUTE, FLUSH, End, Line

if TYPE_CHECKING:
    from tests.interleavings.conductor import Conductor

COPY_DATA, COPY_DONE = b"d", b"c"
FAILED, KEY, READY = b"E", b"K", b"Z"
DEADLOCK = b"C40P01\0"
ROWS = "rows of a COPY"


class GatedLine(Line):
    """One connection of an actor's."""

    def __init__(self, client: End, server: End, conductor: Conductor) -> None:
        super().__init__(client, server)
        self._conductor = conductor
        self._awaited = b""
        self._answered = asyncio.Event()
        self._skipping = False  # after an error the server hears nothing before a synchronisation
        self._ends = False  # the statement awaited ends its transaction
        self._copied = NOTHING
        self._held = NOTHING  # what the transaction under way has touched so far
        self.owner = ""
        self.backend = 0  # the process that serves this line

    def _begin(self, introduction: bytes) -> None:
        said = introduction[8:].split(b"\0")
        names = dict(zip(said[::2], said[1::2], strict=False))
        self.owner = names.get(b"application_name", b"").decode()
        self._server.write(introduction)

    async def _hand_on(self, kind: bytes, statement: bytes) -> None:
        text = _text(statement)
        waits = text and not _opens(text) and self._conductor.knows(self.owner)
        if self._skipping or not waits:
            self._skipping &= kind not in (b"S", b"Q")
            self._server.write(statement)
            return
        await self._conductor.arrived(self, text, self._touch(text))
        self._awaited, self._ends = ENDS[kind], is_end(text)
        self._answered.clear()
        self._server.write(statement + FLUSH * (kind == EXECUTE))
        await self._answered.wait()
        self._skipping &= kind not in (b"S", b"Q")

    def _touch(self, text: str) -> Touch:
        if is_end(text):
            return self._held
        touch = self._copied if text == ROWS else touched(text)
        if text.startswith("copy"):
            self._copied = touch
        self._held |= touch
        return touch

    def _heard(self, kind: bytes, message: bytes) -> None:
        if kind == KEY:
            self.backend = int.from_bytes(message[5:9], "big")
        if kind == FAILED:
            self._skipping = True
            if DEADLOCK in message:
                self._conductor.deadlocks += 1
        if self._awaited and kind in self._awaited:
            self._awaited = b""
            if self._ends:
                self._held = NOTHING
            self._conductor.done(self, ended=self._ends or self._skipping)
            self._answered.set()
        # Last, because from here on the actor's thread runs beside us.
        self._client.write(message)


def _opens(text: str) -> bool:
    """Say whether *text* only begins a transaction: at READ COMMITTED that is nothing yet."""
    return re.match(r"begin\b", text, re.IGNORECASE) is not None


def _text(statement: bytes) -> str:
    """Give the SQL of a statement; nothing for what runs nothing."""
    kind, rest = statement[:1], statement[5:]
    if kind == b"Q":
        text = rest
    elif kind == b"P":
        text = rest[rest.index(b"\0") + 1 :]
    elif kind in (COPY_DATA, COPY_DONE):
        return ROWS
    else:
        return ""
    return " ".join(text[: text.index(b"\0")].decode(errors="replace").split())
