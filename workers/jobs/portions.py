"""How much does a drain take at once?

A subject costs as much as three of its events, so the larger a portion, the more events a subject
has in it and the less each costs: a backlog is to be folded in large ones.  But the locks of a
portion are held until its commit, and a live group in which one of its subjects is waits for them:
while somebody does, portions are small.
"""

from __future__ import annotations

from typing import Final

LEAST, FIRST, MOST = 250, 2_000, 8_000  # dirty rows; the most takes 30 MB
LONGEST_S: Final = 0.5  # of a portion that nobody waits for
BESIDE_S: Final = 0.05  # of one that is waited for


class Portion:
    """The size of the next portion: twice the last one while time allows, half where it did not."""

    def __init__(self) -> None:
        self.size = FIRST

    def learn(self, seconds: float, *, awaited: bool) -> None:
        """Choose the next size, after a portion that took so long."""
        longest = BESIDE_S if awaited else LONGEST_S
        if seconds > longest:
            self.size = max(LEAST, self.size // 2)
        elif seconds < longest / 2:
            self.size = min(MOST, self.size * 2)
