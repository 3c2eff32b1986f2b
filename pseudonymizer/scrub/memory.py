"""Remembers what was found in texts that needed a closer look, for a bounded time.

Marketing texts repeat, and the closer look is a thousand times dearer than the first one.  The
memory holds no text that came in: its keys are digests under a key that is drawn when the process
starts and never leaves it, its values what was left after scrubbing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Generic, TypeVar

Verdict = TypeVar("Verdict")


class Memory(Generic[Verdict]):
    """Two shelves: the young one fills, the old one is emptied.  No entry outlives *seconds*."""

    def __init__(
        self, *, size: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._half_size = max(1, size // 2)
        self._half_life = seconds / 2
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._young: dict[bytes, Verdict] = {}
        self._old: dict[bytes, Verdict] = {}
        self._turned_at = clock()

    def mark(self, text: str) -> bytes:
        """Give the keyed digest *text* is remembered under, for this process only."""
        data = text.encode("utf-8", "surrogatepass")
        return blake2b(data, key=self._key, digest_size=16).digest()

    def recall(self, mark: bytes) -> Verdict | None:
        """Give what was found under *mark*, or ``None``."""
        self._turn()
        found = self._young.get(mark)
        return self._old.get(mark) if found is None else found

    def keep(self, mark: bytes, verdict: Verdict) -> None:
        """Remember *verdict* for the time and the size allowed."""
        if len(self._young) >= self._half_size:
            self._old, self._young = self._young, {}
        self._young[mark] = verdict

    def clear(self) -> None:
        """Forget everything."""
        self._young, self._old = {}, {}

    def _turn(self) -> None:
        halves = int((self._clock() - self._turned_at) / self._half_life)
        if halves:
            self._old, self._young = (self._young if halves == 1 else {}), {}
            self._turned_at += halves * self._half_life
