"""A wire to PostgreSQL that is cut at any statement one likes.

The :class:`Scissors` count the statements of all their lines and cut the one they were set to:

* *before*: the server never hears of the statement;
* *torn*: half of its bytes arrive, then the line goes dead;
* *after*: the server does what it says and answers; nobody hears the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass
from enum import Enum

from tests.support.wire import ENDS, EXECUTE, FLUSH, End, Line

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

    def line(self, client: End, server: End) -> Line:
        """Give a line that these scissors may cut."""
        return _CutLine(client, server, self)

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


class _CutLine(Line):
    def __init__(self, client: End, server: End, scissors: Scissors) -> None:
        super().__init__(client, server)
        self._scissors = scissors
        self._awaited = b""
        self._answered = asyncio.Event()

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

    def _heard(self, kind: bytes, message: bytes) -> None:
        if not self._awaited:
            self._client.write(message)
        elif kind in self._awaited:
            self._answered.set()


def _text(statement: bytes) -> str:
    """Give the SQL of a statement where it carries some; a prepared one goes by its name."""
    if statement[:1] == b"d":
        return "rows of a COPY"
    parts = [part for part in statement[5:].split(b"\0") if part]
    return " ".join(b" ".join(parts[:2]).decode(errors="replace").split())[:120]
