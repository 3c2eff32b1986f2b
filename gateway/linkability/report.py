"""What does the audit say?  Rates and the names of columns; nobody's value, number or pseudonym."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from gateway.linkability.attack import Outcome
from gateway.linkability.statistics import CONFIDENCE

SHOWN: Final = 40  # ways, at a terminal


@dataclass(frozen=True, slots=True)
class Plant:
    """A leak that was planted, and whether it was found: *right* of *tried* people."""

    leak: str
    tried: int
    right: int
    expected: int

    @property
    def found(self) -> bool:
        """Say whether it came out as it had to."""
        return self.tried > 0 and self.right == self.expected


@dataclass(frozen=True, slots=True)
class Question:
    """One thing an attacker would like, with every way that was tried.

    Attributes:
        asked: how many people it was tried on.
    """

    asked: int
    outcomes: Sequence[Outcome]

    def beyond(self) -> list[Outcome]:
        """Give the ways that guessing does not explain, the best first."""
        ways = len(self.outcomes)
        found = [outcome for outcome in self.outcomes if outcome.beyond_chance(ways)]
        return sorted(found, key=lambda outcome: (-outcome.rate, outcome.name))

    @property
    def worst(self) -> float:
        """Give the rate of the best of these ways; 0 where guessing explains all."""
        return max((outcome.rate for outcome in self.beyond()), default=0.0)

    def document(self) -> dict[str, Any]:
        """Give it as plain data: what guessing does not explain, and every way within a column.

        Pairs of different columns that guessing explains are many, and counted only.
        """
        beyond = self.beyond()
        rest = [outcome for outcome in self.outcomes if outcome not in beyond]
        listed = [outcome for outcome in rest if " = " not in outcome.name]
        luckiest = max((outcome.right for outcome in rest), default=0)
        return {
            "asked": self.asked,
            "ways": len(self.outcomes),
            "worst": self.worst,
            "beyond_chance": [outcome.document() for outcome in beyond],
            "within_chance": [outcome.document() for outcome in listed],
            "within_chance_not_listed": len(rest) - len(listed),
            "within_chance_most_right": luckiest,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the audit found.

    Attributes:
        candidates: by domain, how many pseudonyms there are and among how many was guessed.
        unread: tables that no role of the audit may read.
    """

    run: str
    drawn: int
    candidates: Mapping[str, tuple[int, int]]
    domains: Question
    identifiers: Question
    plants: Sequence[Plant]
    read: Mapping[str, Mapping[str, int | bool]]
    unread: Sequence[str] = field(default=())

    @property
    def worst(self) -> float:
        """Give the highest rate that guessing does not explain."""
        return max(self.domains.worst, self.identifiers.worst)

    @property
    def proven(self) -> bool:
        """Say whether every planted leak was found, and the control was not."""
        return bool(self.plants) and all(plant.found for plant in self.plants)

    def document(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "schema_v": 1,
            "run": self.run,
            "confidence": CONFIDENCE,
            "drawn": self.drawn,
            "candidates": {
                domain: {"pseudonyms": whole, "among": some}
                for domain, (whole, some) in self.candidates.items()
            },
            "worst": self.worst,
            "across_domains": self.domains.document(),
            "to_identifiers": self.identifiers.document(),
            "planted": [asdict(plant) | {"found": plant.found} for plant in self.plants],
            "proven": self.proven,
            "read": {name: dict(part) for name, part in self.read.items()},
            "unread": list(self.unread),
        }

    def lines(self) -> list[str]:
        """Give it for a reader at a terminal."""
        return [
            f"{self.drawn} people drawn",
            f"{self.domains.asked} with pseudonyms in two domains",
            f"{self.identifiers.asked} with an identifier kept in text",
            "",
            "From one domain into another:",
            *_question(self.domains),
            "",
            "From a pseudonymous record to an identifier, or to one that stands alone:",
            *_question(self.identifiers),
            "",
            "Planted, to see whether it is found:",
            *(_plant(plant) for plant in self.plants),
            "the audit finds what is there to be found" if self.proven
            else "the audit did not find what was planted: what it says above proves nothing",
        ]  # fmt: skip


def _question(question: Question) -> Iterable[str]:
    if not question.asked:
        return ["  nobody to try it on"]
    beyond = question.beyond()
    # The best way of each column, rounded or not, and of the pairs of columns only their number.
    best: dict[str, Outcome] = {}
    for outcome in beyond:
        if " = " not in outcome.name:
            best.setdefault(outcome.name.partition(" (")[0].partition(", ")[0], outcome)
    shown = list(best.values())[:SHOWN]
    lines = [f"  {_rate(outcome)}  {outcome.name}" for outcome in shown]
    if len(beyond) > len(shown):
        lines.append(f"  and {len(beyond) - len(shown)} other ways; --json lists all")
    rest = [outcome for outcome in question.outcomes if outcome not in beyond]
    if rest:
        most = max(rest, key=lambda outcome: outcome.right)
        lines.append(
            f"  {len(rest)} of {len(question.outcomes)} ways are no better than guessing; the"
            f" luckiest was right for {most.right} of {most.tried}, so at most"
            f" {most.interval.high:.2%}"
        )
    return lines


def _rate(outcome: Outcome) -> str:
    sure = outcome.interval
    return (
        f"{outcome.rate:7.2%} ({sure.low:.2%} to {sure.high:.2%}),"
        f" {outcome.right} right and {outcome.wrong} wrong of {outcome.tried}"
    )


def _plant(plant: Plant) -> str:
    verdict = "as it should be" if plant.found else "NOT AS IT SHOULD BE"
    return f"  {plant.leak}: {plant.right} of {plant.tried}, {verdict}"
