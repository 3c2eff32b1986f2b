"""What is one line of the results: a figure, the limit it is held against, and the bar."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bar:
    """What a row has to reach."""

    value: float
    at_least: bool = True

    def met(self, measured: float) -> bool:
        """Say whether *measured* reaches it."""
        return measured >= self.value if self.at_least else measured <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:g}"


def at_least(value: float) -> Bar:
    return Bar(value)


def at_most(value: float) -> Bar:
    return Bar(value, at_least=False)


@dataclass(slots=True, eq=False)
class Row:
    """One line; a run fills the one object that its concern declared.

    Attributes:
        key: what ``--only`` and the history call it.
        against: what the limit is; empty where the bar is absolute and the figure stands alone.
        figures: of every round, in *unit*.
        limits: of every round, in the same unit.
        remark: what was really reached, and at which size.
        missing: why it was not measured.
    """

    key: str
    what: str
    unit: str
    against: str = ""
    bar: Bar | None = None
    figures: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    remark: str = ""
    missing: str = "no time was left for it"

    @property
    def measured(self) -> bool:
        """Whether there is a result."""
        return bool(self.figures) and bool(self.limits or not self.against)

    @property
    def ratio(self) -> float | None:
        """The ratio of the medians; ``None`` where nothing but the bar is the limit."""
        if not self.limits:
            return None
        return statistics.median(self.figures) / statistics.median(self.limits)

    @property
    def result(self) -> float:
        """What is compared with the bar."""
        return statistics.median(self.figures) if self.ratio is None else self.ratio

    def verdict(self) -> str:
        """Say how the result stands to the bar."""
        if not self.measured or self.bar is None:
            return ""
        return "met" if self.bar.met(self.result) else "**falls short**"

    def cells(self) -> list[str]:
        """Write the row."""
        head = [
            f"`{self.key}`",
            f"{self.what}{f', against {self.against}' if self.against else ''}",
        ]
        bar = "" if self.bar is None else str(self.bar)
        if not self.measured:
            return [*head, "not measured", bar, "", "", "", self.unit, self.missing]
        ratio = "" if self.ratio is None else f"**{plain(self.ratio)}**"
        figure = spread(self.figures)
        limit = spread(self.limits) if self.limits else ""
        return [*head, ratio, bar, self.verdict(), figure, limit, self.unit, self.remark]

    def line(self) -> str:
        """Write the row for whoever watches the run."""
        cells = [cell for cell in self.cells() if cell]
        return " | ".join(cells).replace("*", "")


def spread(values: Sequence[float]) -> str:
    """Write the median of *values*, and the least and the most of them where there are several."""
    median = plain(statistics.median(values))
    if len(values) == 1:
        return median
    return f"{median} ({plain(min(values))} to {plain(max(values))})"


def plain(value: float) -> str:
    """Write a number with about three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
