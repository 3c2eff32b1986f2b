"""What a run did, and what it left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.gone import Gone
from tests.faults.model import Verdict
from tests.faults.schedule import KILLING, Harm
from tests.faults.wavering import Choice


@dataclass
class Aftermath:
    """What a run did and what it left.

    Attributes:
        waiting: clients that had no answer long after the storm.
        last_answer_s: how long after it the last of them had theirs, of an event or a choice.
        last_closed_s: how long after it the last erasure was closed.
        refused_last: what they heard meanwhile.
        forgotten: answered choices that are not on record.
        kept_in: people in a segment of a domain that they have left.
        released: segments shown of somebody right after they had left their domain.
    """

    seed: int
    seconds: float = 0.0
    faults: Counter[tuple[Harm, str]] = field(default_factory=Counter)
    recoveries_s: list[float] = field(default_factory=list)
    waiting: int = 0
    last_answer_s: float = 0.0
    last_closed_s: float = 0.0
    refused_last: Counter[str] = field(default_factory=Counter)
    caught_up_s: float = 0.0
    verdict: Verdict | None = None
    divergent: dict[str, list[int]] = field(default_factory=dict)
    refreshed_otherwise: int = 0
    forgotten: list[Choice] = field(default_factory=list)
    kept_in: list[Choice] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    gone: Gone | None = None

    def kills(self) -> int:
        """Count what was killed -9: a process alone, with its children, or a child."""
        return sum(count for (harm, _), count in self.faults.items() if harm in KILLING)

    def clean(self) -> bool:
        """Say whether nothing was lost, doubled, invented, computed wrongly, or kept too long."""
        kept = self.verdict is not None and self.verdict.clean()
        gone = self.gone is not None and self.gone.clean()
        computed = not any(self.divergent.values()) and not self.refreshed_otherwise
        obeyed = not (self.forgotten or self.kept_in or self.released)
        return kept and gone and computed and obeyed and not self.waiting
