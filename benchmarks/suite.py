"""Which rows are there, where is each measured, and in which order?

A module of this package registers what it measures; ``__main__`` knows the order.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from benchmarks.rows import Row, plain

if TYPE_CHECKING:
    from benchmarks.front import Front
    from benchmarks.history import History


class Place(Enum):
    """What has to run for a measurement."""

    NOWHERE = "what needs no installation that runs"
    FRONT = "a whole installation under load"
    PAIR = "a whole installation with a gateway process for each of two cores"
    HISTORY = "a store with many events, and nothing else beside it"


@dataclass(slots=True)
class Run:
    """One run: what was asked for, and what it found out on its way."""

    scale: float = 1.0
    rounds: int = 3
    full: bool = False
    gateways: int = 1
    only: frozenset[str] = frozenset()
    bulk_events_per_second: float | None = None
    small_buffers: list[float] = field(default_factory=list)
    _front: Front | None = None
    _history: History | None = None

    @property
    def history_events(self) -> int:
        """How many events the largest table holds."""
        return int((10_000_000 if self.full else 1_000_000) * self.scale)

    def wants(self, row: Row) -> bool:
        """Say whether *row* is to be measured."""
        return not self.only or row.key in self.only

    @property
    def front(self) -> Front:
        """The installation under load."""
        if self._front is None:
            raise LookupError("no installation runs; a row of the front was needed")
        return self._front

    @front.setter
    def front(self, front: Front) -> None:
        self._front = front

    @property
    def history(self) -> History:
        """The store with many events."""
        if self._history is None:
            raise LookupError("no store was built; a row of the history was needed")
        return self._history

    @history.setter
    def history(self, history: History) -> None:
        self._history = history


Measure = Callable[[Run], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Concern:
    """Rows that are measured together."""

    place: Place
    rows: tuple[Row, ...]
    measure: Measure


CONCERNS: list[Concern] = []


def measures(place: Place, *rows: Row) -> Callable[[Measure], Measure]:
    """Register what fills *rows*; it gives each of them when it is done."""

    def registered(measure: Measure) -> Measure:
        CONCERNS.append(Concern(place, rows, measure))
        return measure

    return registered


def declared() -> list[Row]:
    """Give every row there is, in the order of the run."""
    return list(dict.fromkeys(row for concern in CONCERNS for row in concern.rows))


def wanted(run: Run, place: Place) -> list[Concern]:
    """Give what has to be done at *place*."""
    return [
        concern
        for concern in CONCERNS
        if concern.place is place and any(run.wants(row) for row in concern.rows)
    ]


def measured(run: Run, concerns: Iterable[Concern]) -> Iterator[Row]:
    """Measure one concern after the other; what fails leaves its reason, and the rest goes on."""
    for concern in concerns:
        try:
            yield from concern.measure(run)
        except Exception as failure:  # noqa: BLE001  # whatever it is, the other rows want measuring
            traceback.print_exc()
            for row in concern.rows:
                row.missing = f"{type(failure).__name__}: {failure}".replace("\n", " ")[:200]
            yield from (row for row in concern.rows if run.wants(row) and not row.measured)


Step = tuple[Row, Callable[[], float], Callable[[], float]]
"""A row, how its figure is measured, and how its limit."""


def interleaved(run: Run, steps: Iterable[Step]) -> Iterator[Row]:
    """Measure figures and limits in turn, round after round."""
    chosen = [step for step in steps if run.wants(step[0])]
    for number in range(run.rounds):
        for row, figure, limit in chosen:
            row.figures.append(figure())
            row.limits.append(limit())
            ratio = row.figures[-1] / row.limits[-1]
            say(f"round {number + 1} of {run.rounds}, {row.key}: {plain(ratio)}")
    yield from (row for row, _, _ in chosen)


def say(line: str) -> None:
    """Tell whoever watches the run."""
    print(line, file=sys.stderr, flush=True)
