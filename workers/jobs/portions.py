"""How much does a drain take at once?

A subject costs as much as three of its events, so the larger a portion, the more events a subject
has in it and the less each costs: a backlog is to be folded in large ones.  But the locks of a
portion are held until its commit, and a live event of one of its subjects waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

LEAST, MOST = 2_000, 8_000  # dirty rows; the most takes 30 MB
LONGEST_S = 0.5  # a live event waits for less: the locks come in the middle of it


class Portion:
    """The size of the next portion: twice the last one while time allows, half where it did not."""

    def __init__(self) -> None:
        self.size = LEAST

    @contextmanager
    def timed(self) -> Iterator[int]:
        """Give how many rows to take, and learn from how long that took."""
        began = monotonic()
        yield self.size
        self.learn(monotonic() - began)

    def learn(self, seconds: float) -> None:
        """Choose the next size, after one that took so long."""
        if seconds > LONGEST_S:
            self.size = max(LEAST, self.size // 2)
        elif seconds < LONGEST_S / 2:
            self.size = min(MOST, self.size * 2)
