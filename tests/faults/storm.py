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

from gateway.embedded import EmbeddedPostgres
from policies.load import load_rulebook
from pseudonymizer.key_providers import FileKeyProvider
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault.remember import Resolver
from pseudonymizer.vault.transactions import connect as connect_vault
from tests.faults.client import Client, Traffic
from tests.faults.injury import Injury
from tests.faults.model import Books, Model, Verdict
from tests.faults.schedule import PROCESSES, Fault, Harm, Weather, decks
from tests.faults.seed import dice
from tests.faults.threads import Threads
from tests.faults.toll import Toll
from tests.support.consistency import divergent, refreshed_otherwise
from tests.support.installation import Installed
from tests.support.outages import Patient, eventually
from workers.store.computation import Computation
from workers.store.transactions import connect as connect_store
from workers.store.transactions import transaction

CLIENTS = 6
LOOK_S = 1.0
PROBE_S = 0.05  # between two questions whether all is well again
GIVE_UP_S = 60.0
RECOVERING = {Harm.KILL, Harm.BEHEAD, Harm.FREEZE, Harm.SLOW}


@dataclass
class Aftermath:
    """What a run did and what it left."""

    seed: int
    seconds: float = 0.0
    faults: Counter[tuple[Harm, str]] = field(default_factory=Counter)
    recoveries_s: list[float] = field(default_factory=list)
    caught_up_s: float = 0.0
    verdict: Verdict | None = None
    divergent: dict[str, list[int]] = field(default_factory=dict)
    refreshed_otherwise: int = 0

    def clean(self) -> bool:
        """Say whether nothing was lost, doubled, invented or computed wrongly."""
        kept = self.verdict is not None and self.verdict.clean()
        return kept and not any(self.divergent.values()) and not self.refreshed_otherwise


@dataclass
class Storm:
    """One run over one installation.

    Attributes:
        disk: the folder of the installation, where it is small enough to be filled.
        told: called after every fault.
    """

    home: Installed
    seed: int
    weather: Weather
    disk: Path | None
    pace_s: float = 0.02
    told: Callable[[Storm, Fault], None] = lambda _storm, _fault: None

    def __post_init__(self) -> None:
        self.patient = Patient(self.home)
        self.injury = Injury(
            self.home,
            dice(self.seed, "limbs"),
            disk=self.disk,
            dsn=self.patient.dsn(),
        )
        self.traffic = Traffic(self.home, Model(), self.pace_s)
        self.toll = Toll(lambda: self.injury.pid("gateway"), self.patient.dsn())
        self.after = Aftermath(self.seed)
        self._probes = dice(self.seed, "probes")
        self._prober = Client(self.traffic, self._probes)
        self._began = time.monotonic()

    def run(self, seconds: float) -> Aftermath:
        """Do harm for so many *seconds*, one deck at least; then judge."""
        rolls = [dice(self.seed, "client", number) for number in range(CLIENTS)]
        clients = Threads(Client(self.traffic, roll) for roll in rolls)
        watch = threading.Thread(target=self._watch, daemon=True)
        watch.start()
        try:
            for fault in self._faults(seconds):
                clients.check()
                self._inflict(fault)
            eventually(self._all_here, "everybody's return")
        finally:
            self.traffic.over.set()
        clients.join()
        watch.join()
        self.after.seconds = self.elapsed_s
        self._judge()
        return self.after

    def _faults(self, seconds: float) -> Iterator[Fault]:
        """Deal one deck whole, and others until *seconds* have passed."""
        schedule = decks(dice(self.seed, "schedule"), self.weather)
        yield from next(schedule)
        for fault in itertools.chain.from_iterable(schedule):
            if self.elapsed_s >= seconds:
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

    def _judge(self) -> None:
        began = time.monotonic()
        eventually(self.patient.caught_up, "catching up")
        self.after.caught_up_s = time.monotonic() - began
        store = connect_store(self.patient.dsn(), application_name="paravent-tests")
        vault = connect_vault(EmbeddedPostgres(self.home.data).dsn("vault"))
        try:
            rules = load_rulebook()
            with transaction(store) as connection:
                ctx = Computation.build(connection, rules)
            keyring = Keyring(FileKeyProvider.open(self.home.data / "secrets" / "keys.json"))
            resolver = Resolver(vault, keyring)
            ((source,),) = self.patient.rows("select source from store.source_key")
            books = Books(
                store,
                lambda text: keyring.message_id(source, text),
                lambda wanted: resolver.resolve(wanted, domains=tuple(rules.domains)),
            )
            self.after.verdict = self.traffic.model.judge(books)
            self.after.divergent = divergent(store, ctx)
            self.after.refreshed_otherwise = len(refreshed_otherwise(store, ctx))
        finally:
            store.dispose()
            vault.dispose()
