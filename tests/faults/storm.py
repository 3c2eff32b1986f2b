"""A whole installation in a storm, under load, and the judgement of what is left.

Clients send; the schedule kills, freezes, slows and fills; then everything is given the time to
come back by itself.  What every client was answered is held against what is stored, and what is
computed against a computation from the beginning.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from tests.faults.aftermath import Aftermath
from tests.faults.client import Client, Traffic
from tests.faults.injury import Injury
from tests.faults.judging import judged
from tests.faults.leaving import Leaver
from tests.faults.model import Model
from tests.faults.schedule import PROCESSES, Fault, Harm, Weather, decks
from tests.faults.seed import dice
from tests.faults.threads import Threads
from tests.faults.toll import Toll
from tests.faults.wavering import Choices, Waverer
from tests.support.installation import Installed
from tests.support.outages import Patient, eventually

CLIENTS = 6
WAVERERS = 2
LOOK_S = 1.0
PROBE_S = 0.05  # between two questions whether all is well again
GIVE_UP_S = 60.0
PATIENCE_S = 300.0  # with what clients have begun when the storm is over
RECOVERING = {Harm.KILL, Harm.BEHEAD, Harm.FREEZE, Harm.SLOW}


@dataclass
class Storm:
    """One run over one installation.

    Attributes:
        disk: the folder of the installation, where it is small enough to be filled.
        told: called after every fault.
        over: set to end the run before its time; it is judged all the same.
    """

    home: Installed
    seed: int
    weather: Weather
    disk: Path | None
    pace_s: float = 0.02
    told: Callable[[Storm, Fault], None] = lambda _storm, _fault: None
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.patient = Patient(self.home)
        self.injury = Injury(
            self.home,
            dice(self.seed, "limbs"),
            disk=self.disk,
            dsn=self.patient.dsn(),
        )
        self.traffic = Traffic(self.home, Model(), self.pace_s)
        self.choices = Choices()
        self.leaving = Traffic(self.home, Model(), self.pace_s, over=self.traffic.over)
        self.leaver = Leaver(self.leaving, dice(self.seed, "leaver"))
        self.toll = Toll(lambda: self.injury.pid("gateway"), self.patient.dsn())
        self.after = Aftermath(self.seed)
        self._probes = dice(self.seed, "probes")
        self._prober = Client(self.traffic, self._probes)
        self._began = time.monotonic()

    def run(self, seconds: float, kills: int = 0) -> Aftermath:
        """Do harm for so many *seconds* and *kills*, one deck at least; then judge."""
        rolls = [dice(self.seed, "client", number) for number in range(CLIENTS)]
        clients = Threads([*(Client(self.traffic, roll) for roll in rolls), *self._wavering()])
        leaving = Threads([self.leaver])
        watch = threading.Thread(target=self._watch, daemon=True)
        watch.start()
        try:
            for fault in self._faults(seconds, kills):
                clients.check()
                leaving.check()
                self._inflict(fault)
            eventually(self._all_here, "everybody's return")
        finally:
            self.traffic.over.set()
        self._hear_out(clients, leaving)
        watch.join()
        self.after.seconds = self.elapsed_s
        return judged(self)

    def _hear_out(self, clients: Threads, leaving: Threads) -> None:
        """Let everybody send what they have begun; nobody may wait for ever.

        Who has themselves erased waits for the scan of everything, and in turn for the cases that
        were opened before: that is no answer to an event.
        """
        began, before = time.monotonic(), Counter(self.traffic.refused)
        self.after.waiting = clients.still_running(PATIENCE_S)
        self.after.last_answer_s = time.monotonic() - began
        self.after.waiting += leaving.still_running(PATIENCE_S)
        self.after.last_closed_s = time.monotonic() - began
        self.after.refused_last = self.traffic.refused - before

    def _wavering(self) -> list[Callable[[], None]]:
        """Give those who withdraw and give again."""
        return [
            Waverer(self.traffic, self.choices, dice(self.seed, "waverer", number), str(number))
            for number in range(WAVERERS)
        ]

    def _faults(self, seconds: float, kills: int) -> Iterator[Fault]:
        """Deal one deck whole, and others until *seconds* have passed and *kills* were done."""
        schedule = decks(dice(self.seed, "schedule"), self.weather)
        yield from next(schedule)
        for fault in itertools.chain.from_iterable(schedule):
            if self.over.is_set() or (self.elapsed_s >= seconds and self.after.kills() >= kills):
                break
            yield fault

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def _inflict(self, fault: Fault) -> None:
        threading.Event().wait(fault.pause_s)
        before, gateway = self.injury.pid(fault.target), self.injury.pid("gateway")
        if not self.injury.inflict(fault):
            return
        self.after.faults[fault.harm, fault.target] += 1
        if fault.target == "postgres" and fault.harm in RECOVERING:
            recovered_s = self._recovery(fault, before)
            # A gateway that was away itself says nothing about how soon it gets over PostgreSQL.
            if recovered_s is not None and gateway == self.injury.pid("gateway") != None:  # noqa: E711
                self.after.recoveries_s.append(recovered_s)
        self.told(self, fault)

    def _recovery(self, fault: Fault, before: int | None) -> float | None:
        """Wait until PostgreSQL is back; give the seconds from then to the first 200."""
        if fault.harm in {Harm.KILL, Harm.BEHEAD}:
            eventually(lambda: self.injury.pid("postgres") not in {None, before}, "a new server")
        eventually(self._postgres_answers, "PostgreSQL's answer")
        began = time.monotonic()
        calls = [self.traffic.order(self._probes)]
        self.traffic.model.send(calls)
        with httpx.Client(base_url=self.home.url) as http:
            while time.monotonic() < began + GIVE_UP_S:
                if self._prober.attempt(http, calls, again=False, timeout=5.0) is None:
                    return time.monotonic() - began
                threading.Event().wait(PROBE_S)
        return None

    def _postgres_answers(self) -> bool:
        try:
            psycopg.connect(self.patient.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _all_here(self) -> bool:
        return all(self.injury.pid(name) is not None for name in PROCESSES)

    def _watch(self) -> None:
        while not self.traffic.over.wait(LOOK_S):
            self.toll.look()
