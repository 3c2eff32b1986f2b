"""Nobody comes back, and nobody else loses anything: everything at once, in any order.

Each interleaving runs two gateway processes' worth of ingest (two resolvers, so that one of them
remembers what the other was told to forget; both lanes), a choice about consent, the drain and the
refresh, and the erasure of somebody, on threads that start and pause at random.  The batches are
about the one erased and about the same few others, so that every lock is fought over.

At the end not one row of anybody erased is left in any table of the data map (R-56, R-57); the
states of the others equal a full recomputation, their consent equals the fold of their ledger, and
no membership rests on a consent that is not in force.  Nothing is ever refused for contention.

Four times a hundred in the gate; ``INTERLEAVINGS`` says how many hundreds.  Orderings that are
chosen and repeatable have a harness of their own, ``tests/interleavings``.
"""

from __future__ import annotations

import contextlib
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.consent.service import Choice
from gateway.ingest import service as ingest_service
from gateway.rights import erasure
from gateway.rights.dossier import Dossier
from gateway.rights.work import Closure, Work
from policies.vocabulary import ConsentStatus
from pseudonymizer.errors import VaultContended
from tests.interleavings.depth import HUNDREDS
from tests.interleavings.verdict import assert_nothing_lost, left_in_vault
from tests.support.builders import Person, identify, page, track
from tests.support.edge import TestEdge, make_edge
from tests.support.rights import RightsDesk
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all
from workers.jobs.refresh import refresh
from workers.jobs.withdraw import erase_withdrawn
from workers.store import held, registry
from workers.store.computation import Computation
from workers.store.errors import StoreBusy
from workers.store.transactions import transaction

LONGEST_PAUSE_S = 0.02
TRIES = 5
HOUR_US = 3_600_000_000
PURPOSES = ("personalisation", "email_marketing", "advertising", "audience_measurement")

Act = Callable[[], None]


@dataclass
class Stage:
    """Everything one interleaving needs, and the dice that decide it."""

    desk: RightsDesk
    edges: tuple[TestEdge, TestEdge]
    dice: random.Random

    def person(self) -> Person:
        number = f"{self.dice.getrandbits(48):012x}"
        return Person(f"cust-{number}", f"{number}@example.org", "", f"anon-{number}")

    def ingest(self, edge: TestEdge, people: list[Person]) -> Act:
        parcels = [(pause, self.batch(people)) for pause in self.pauses(2)]

        def run() -> None:
            for pause, calls in parcels:
                threading.Event().wait(pause)
                edge.send(*calls)

        return run

    def choose(self, person: Person) -> Act:
        """Give or withdraw consent for some purposes, through either gateway."""
        edge, pause = self.dice.choice(self.edges), self.pause()
        said = [ConsentStatus.GIVEN, ConsentStatus.WITHDRAWN]
        chosen = self.dice.sample(PURPOSES, self.dice.randint(1, len(PURPOSES)))
        purposes = {purpose: self.dice.choice(said) for purpose in chosen}

        def run() -> None:
            threading.Event().wait(pause)
            edge.consent.record(Choice("user_id", person.user_id, purposes, None))

        return run

    def erase(self, claimed: tuple[str, str]) -> Act:
        pause = 2 * self.pause()

        def run() -> None:
            threading.Event().wait(pause)
            self.forget(claimed)

        return run

    def forget(self, *claimed: tuple[str, str]) -> None:
        """Do those steps of an erasure that change anything; the scan has tests of its own."""
        now = datetime.now(UTC)
        work = Work(self.desk.service.ports, uuid.uuid4(), now, Dossier(list(claimed)))
        for step in (erasure.fence_vault, erasure.erase_store, erasure.destroy_keys):
            if repeated(step, work) is not None:
                return

    def work(self) -> Act:
        ctx, engine, pause = self.ctx, self.desk.workers, self.pause()

        def run() -> None:
            threading.Event().wait(pause)
            drain_all(engine, ctx, clock=now_us)
            refresh(engine, ctx)
            erase_withdrawn(engine, ctx, clock=now_us)

        return run

    def pause(self) -> float:
        return self.dice.random() * LONGEST_PAUSE_S

    def pauses(self, most: int) -> list[float]:
        return [self.pause() for _ in range(self.dice.randint(1, most))]

    def batch(self, people: list[Person]) -> list[dict[str, Any]]:
        """Give one to four calls about anybody of *people*: three or more take the bulk lane."""
        calls = [self.call(self.dice.choice(people)) for _ in range(self.dice.randint(1, 4))]
        for call in calls:
            call["sentAt"] = None
        return calls

    def call(self, person: Person) -> dict[str, Any]:
        at = self.now() - timedelta(seconds=self.dice.randrange(3_600))
        view, add = (
            track(event, person, at=at, properties={"product_id": "SKU-1"})
            for event in ("Product Viewed", "Product Added")
        )
        return self.dice.choice([view, add, page("/", person, at=at), identify(person, at=at)])

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.edges[0].now_us / 1_000_000, UTC)

    def pass_second(self) -> None:
        for edge in self.edges:
            edge.now_us += 1_000_000

    @property
    def ctx(self) -> Computation:
        return self.edges[0].ingest.bound.computation


def repeated(step: Callable[[Work], Closure | None], work: Work) -> Closure | None:
    """Do a step as a case does: again when PostgreSQL broke a deadlock at its expense."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(StoreBusy, VaultContended):
            return step(work)
    return step(work)


@pytest.fixture
def stage(
    edge: TestEdge,
    rights_engine: Engine,
    store_auditor: Engine,
    store_workers: Engine,
    tmp_path: Path,
) -> Stage:
    desk = RightsDesk(edge, rights_engine, store_auditor, store_workers)
    edge.now_us -= HOUR_US  # so that its clock may pass without overtaking the workers'
    second = make_edge(edge.store, edge.vault, tmp_path)
    second.now_us = edge.now_us
    return Stage(desk, (edge, second), random.Random(0))  # noqa: S311 - a schedule


@pytest.mark.parametrize("seed", range(HUNDREDS))
def test_a_hundred_random_interleavings_bring_nobody_back_and_lose_nothing(
    seed: int, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_service, "LIVE_EVENTS", 2)  # larger batches take the bulk lane
    stage.dice.seed(seed)
    others = [stage.person() for _ in range(3)]
    for _ in range(100):
        _interleave(stage, others)
    drain_all(stage.desk.workers, stage.ctx, clock=now_us)
    erase_withdrawn(stage.desk.workers, stage.ctx, clock=now_us)
    erased, alive = _registered(stage.edges[0])
    assert len(erased) >= 100
    assert stage.desk.rows_left(erased) == {}
    assert left_in_vault(stage.edges[0]) == (0, 0, 0)
    assert len(alive) == 2 * len(others)
    with transaction(stage.edges[0].store) as store:
        assert_nothing_lost(store, stage.ctx, alive)


def _interleave(stage: Stage, others: list[Person]) -> None:
    dice, leaver = stage.dice, stage.person()
    stage.pass_second()
    if dice.random() < 0.8:
        stage.edges[0].send(*stage.batch([leaver, dice.choice(others)]))
    claimed = dice.choice([("user_id", leaver.user_id), ("email", leaver.email)])
    acts = [
        *(stage.ingest(edge, [leaver, leaver, dice.choice(others)]) for edge in stage.edges),
        stage.choose(dice.choice([leaver, *others])),
        stage.work(),
        stage.erase(claimed),
    ]
    dice.shuffle(acts)
    _at_once(acts)
    # An identifier that was in no batch with the claimed one belongs to somebody else, as far as
    # anyone can know; so the person asks again, by the name that all of their calls carried.
    if claimed[0] != "user_id":
        stage.forget(("user_id", leaver.user_id))
    # Whatever the order was, both gateways refuse the person from now on.
    for edge in stage.edges:
        again = track("Product Viewed", leaver, at=stage.now(), sentAt=None)
        assert edge.send(again) == {"suppressed": 1}


def _at_once(acts: list[Callable[[], None]]) -> None:
    failures: list[BaseException] = []

    def guarded(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as failure:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _registered(edge: TestEdge) -> tuple[list[int], list[int]]:
    """Give the surrogates of those erased, and of those alive."""
    rows = edge.rows("select id, state from store.subject order by id")
    erased = [row.id for row in rows if row.state == registry.ERASED]
    return erased, [row.id for row in rows if row.state == registry.ALIVE]


def test_the_registry_fence_waits_for_a_writer_and_stops_the_next(stage: Stage) -> None:
    desk, edge = stage.desk, stage.desk.edge
    person = stage.person()
    edge.send(identify(person, at=stage.now(), sentAt=None))
    numbers = desk.surrogates()
    done = threading.Event()

    def erase() -> None:
        stage.forget(("user_id", person.user_id))
        done.set()

    with transaction(edge.store) as writer:
        writer.execute(
            text("select 1 from store.subject where id = any(:ids) for share"), {"ids": numbers}
        )
        thread = threading.Thread(target=erase)
        thread.start()
        assert not done.wait(0.3), "the erasure did not wait for the writer"
    thread.join()
    assert done.is_set()
    with transaction(edge.store) as store:
        assert not any(
            rows for table, rows in held.records(store, numbers).items() if table != "store.subject"
        )
