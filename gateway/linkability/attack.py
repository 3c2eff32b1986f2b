"""How often was the attacker right?

Pure.  Every way is tried on every target; only here are the guesses held against the truth, which
the attacker does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from gateway.linkability.columns import Column
from gateway.linkability.paths import (
    Beside,
    Guesses,
    Holders,
    Path,
    Target,
    by_history,
    by_nearness,
    by_value,
    ways,
)
from gateway.linkability.statistics import CONFIDENCE, Interval, interval

Near = Mapping[Path, Mapping[Target, Sequence[Beside]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one way.

    Attributes:
        guess: how often somebody would be right who names any candidate at random.
        alone: how often one candidate only came into question, rightly or wrongly.
    """

    name: str
    tried: int
    right: int
    wrong: int
    alone: int
    guess: float

    @property
    def rate(self) -> float:
        """Give the share of targets that were followed rightly."""
        return self.right / self.tried if self.tried else 0.0

    @property
    def interval(self) -> Interval:
        """Give the interval for that share."""
        return interval(self.right, self.tried)

    def beyond_chance(self, ways_tried: int) -> bool:
        """Say whether guessing does not explain it, given how many ways had the same chance.

        Source: C. E. Bonferroni (1936); among a thousand ways, some are lucky.
        """
        surer = 1 - (1 - CONFIDENCE) / max(1, ways_tried)
        return self.right > 0 and interval(self.right, self.tried, surer).low > self.guess

    def document(self) -> dict[str, Any]:
        """Give it as plain data."""
        sure = self.interval
        return {
            "path": self.name,
            "tried": self.tried,
            "right": self.right,
            "wrong": self.wrong,
            "alone": self.alone,
            "rate": round(self.rate, 6),
            "low": round(sure.low, 6),
            "high": round(sure.high, 6),
            "guess": round(self.guess, 6),
            "advantage": round(self.rate - self.guess, 6),
        }


@dataclass(frozen=True, slots=True)
class Attack:
    """What the attacker has: columns, who could be meant, who stands near, and whom to follow."""

    columns: Sequence[Column]
    candidates: Mapping[int, Collection[int]]
    near: Near
    targets: Sequence[Target]

    def run(
        self, truth: Mapping[Target, int], random: Random, tell: Callable[[str], None]
    ) -> list[Outcome]:
        """Try every way; give what became of each."""
        holders = Holders(self.candidates)
        found: list[Outcome] = []
        for number, (path, one, other) in enumerate(ways(self.columns), 1):
            if path.kind == "history":
                guesses = by_history(self.targets, one, holders, random)
            else:
                guesses = by_value(self.targets, (one, other), holders, random)
            found.append(self._outcome(path, guesses, truth))
            if number % 500 == 0:
                tell(f"{number} ways tried")
        for path, around in self.near.items():
            guesses = by_nearness(self.targets, around, random)
            found.append(self._outcome(path, guesses, truth))
        return found

    def _outcome(self, path: Path, guesses: Guesses, truth: Mapping[Target, int]) -> Outcome:
        right = sum(1 for target, guess in guesses.items() if truth[target] == guess.subject)
        return Outcome(
            path.name,
            tried=len(self.targets),
            right=right,
            wrong=len(guesses) - right,
            alone=sum(1 for guess in guesses.values() if guess.alone),
            guess=self._chance(),
        )

    def _chance(self) -> float:
        """Give how often naming any candidate at random is right, on average over the targets."""
        if not self.targets:
            return 0.0
        sizes = (len(self.candidates.get(target.domain, ())) for target in self.targets)
        return sum(1 / size for size in sizes if size) / len(self.targets)
