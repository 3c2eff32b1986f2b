"""A whole installation under a steady load, with nothing done to it: does anything grow?

First the most it takes is measured, on this machine and in this run; then a share of that is sent,
as long as is wanted or until somebody stops it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.embedded.processes import wait_until
from tests.faults.pump import Flow, Pump
from tests.faults.readings import SETTLED, Look, Watch
from tests.support.installation import Installed
from tests.support.outages import Patient

LOOK_S = 5.0
MINUTE_S = 60.0
WARM_S = 5.0  # of the measuring: first sights of everybody, and caches that are empty
SETTLE_S = 180.0  # what measuring the most left behind is folded before the holding begins
COUNTED = "select outcome, sum(count)::int8 from store.decision_count group by 1"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a run goes: measure the most so long, then hold a share of it so long."""

    seconds: float
    share: float = 0.6
    measure_s: float = 60.0
    look_s: float = LOOK_S
    minute_s: float = MINUTE_S


@dataclass
class Steady:
    """One run over one installation.

    Attributes:
        told: called after every minute with its flow and its last look.
        over: set to end the run before its time.
        most: what was taken while as much was sent as was taken.
    """

    home: Installed
    seed: int
    terms: Terms
    told: Callable[[Steady, Flow, Look], None] = lambda _run, _flow, _look: None
    over: threading.Event = field(default_factory=threading.Event)
    most: Flow = field(default_factory=Flow)
    held: Flow = field(default_factory=Flow)
    rate: float = 0.0
    settled_s: float | None = None
    caught_up_s: float | None = None
    outcomes: dict[str, int] = field(default_factory=dict)
    events: int = 0  # answered with 200, all in all
    unheard: int = 0

    def __post_init__(self) -> None:
        self.patient = Patient(self.home)
        self.pump = Pump(self.home.url, self.home.write_key, self.seed)
        self.watch = Watch(lambda: self.home.process.pid, self.patient.dsn())

    def run(self) -> None:
        """Measure, hold, and see what came of it."""
        try:
            with self._pumping(None):
                self.over.wait(min(WARM_S, self.terms.measure_s / 2))
                self.pump.turn()
                self.over.wait(self.terms.measure_s)
                self.most = self.pump.turn()
            self._add(self.pump.whole)
            self.rate = self.terms.share * self.most.requests_a_second()
            self.settled_s = self._settle()
            if not self.over.is_set():
                self._hold()
            self.caught_up_s = self._settle()
            self.outcomes = dict(self.patient.rows(COUNTED))
        finally:
            self.watch.close()

    def _hold(self) -> None:
        with self._pumping(self.rate):
            began = time.monotonic()
            look, told_s = self.watch.look(0.0), 0.0
            while not self.over.wait(self.terms.look_s):
                at = time.monotonic() - began
                look = self.watch.look(at)
                ended = at >= self.terms.seconds
                if ended or at >= told_s + self.terms.minute_s:
                    told_s = at
                    self.told(self, self.pump.turn(), look)
                    self.pump.write()
                if ended:
                    break
        self.held = self.pump.whole
        self._add(self.held)

    def _add(self, flow: Flow) -> None:
        self.events += flow.events
        self.unheard += flow.unheard

    @contextmanager
    def _pumping(self, rate: float | None) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self.pump.run, args=(rate, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _settle(self) -> float | None:
        """Wait until nothing waits; give how long that took, ``None`` if it was not to be."""
        began = time.monotonic()

        def settled() -> bool:
            return self.patient.rows(SETTLED) == [(0,)]

        done = wait_until(settled, SETTLE_S, pause=0.2)
        return time.monotonic() - began if done else None

    def miscounted(self) -> int:
        """Give by how much the public counts are not what was answered, beyond what is unheard."""
        counted = sum(self.outcomes.values())
        return max(self.events - counted, counted - self.events - self.unheard, 0)
