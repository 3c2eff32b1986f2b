"""Nobody comes back: ingest, the workers and an erasure of the same person, in any order.

Each interleaving runs two gateway processes' worth of ingest (two resolvers, so that one of them
remembers what the other was told to forget; both lanes), the drain and the refresh, and the erasure
of the person they are all about, on threads that start and pause at random.  At the end not one row
of anybody erased may be left in any table (R-56, R-57).

Ten times a hundred by default; ``INTERLEAVINGS`` says how many hundreds.
"""

from __future__ import annotations

import os
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

from gateway.ingest import service as ingest_service
from gateway.rights import erasure
from gateway.rights.dossier import Dossier
from gateway.rights.work import Work
from policies.errors import StoreUnavailable
from tests.support.builders import Person, identify, page, track
from tests.support.edge import TestEdge, make_edge
from tests.support.rights import RightsDesk
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all
from workers.jobs.refresh import refresh
from workers.store import held
from workers.store.transactions import transaction

HUNDREDS = int(os.environ.get("INTERLEAVINGS", "10"))
LONGEST_PAUSE_S = 0.02
TRIES = 5


@dataclass
class Stage:
    """Everything one interleaving needs, and the dice that decide it."""

    desk: RightsDesk
    second: TestEdge
    dice: random.Random

    def person(self) -> Person:
        number = f"{self.dice.getrandbits(48):012x}"
        return Person(f"cust-{number}", f"{number}@example.org", "", f"anon-{number}")

    def ingest(self, edge: TestEdge, person: Person, pauses: list[float]) -> Callable[[], None]:
        batches = [self.batch(person) for _ in pauses]

        def run() -> None:
            for calls, pause in zip(batches, pauses, strict=True):
                threading.Event().wait(pause)
                send(edge, calls)

        return run

    def erase(self, claimed: tuple[str, str], pause: float) -> Callable[[], None]:
        def run() -> None:
            threading.Event().wait(pause)
            self.forget(claimed)

        return run

    def forget(self, *claimed: tuple[str, str]) -> None:
        """Do those steps of an erasure that change anything; the scan has tests of its own."""
        now = datetime.now(UTC)
        work = Work(self.desk.service.ports, uuid.uuid4(), now, Dossier(list(claimed)))
        if erasure.fence_vault(work) is None:
            erasure.erase_store(work)
            erasure.destroy_keys(work)

    def work(self, pauses: list[float]) -> Callable[[], None]:
        ctx, engine = self.desk.edge.ingest.bound.computation, self.desk.workers

        def run() -> None:
            for pause in pauses:
                threading.Event().wait(pause)
                drain_all(engine, ctx, clock=now_us)
                refresh(engine, ctx)

        return run

    def pauses(self, most: int) -> list[float]:
        count = self.dice.randint(1, most)
        return [self.dice.random() * LONGEST_PAUSE_S for _ in range(count)]

    def batch(self, person: Person) -> list[dict[str, Any]]:
        edge = self.desk.edge
        now = datetime.fromtimestamp(edge.now_us / 1_000_000, UTC)
        at = now - timedelta(seconds=self.dice.randrange(3_600))
        calls: list[dict[str, Any]] = [
            track("Product Viewed", person, at=at, properties={"product_id": "SKU-1"}),
            page("/", person, at=at),
            identify(person, at=at),
            track("Product Added", person, at=at, properties={"product_id": "SKU-1"}),
        ]
        for call in calls:
            call["sentAt"] = None
        return self.dice.sample(calls, self.dice.randint(1, len(calls)))


@pytest.fixture
def stage(
    edge: TestEdge,
    rights_engine: Engine,
    store_auditor: Engine,
    store_workers: Engine,
    tmp_path: Path,
) -> Stage:
    desk = RightsDesk(edge, rights_engine, store_auditor, store_workers)
    second = make_edge(edge.store, edge.vault, tmp_path)
    return Stage(desk, second, random.Random(0))  # noqa: S311 - a schedule


@pytest.mark.parametrize("seed", range(HUNDREDS))
def test_a_hundred_random_interleavings_leave_no_row_of_anybody_erased(
    seed: int, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_service, "LIVE_EVENTS", 2)  # larger batches take the bulk lane
    stage.dice.seed(seed)
    desk, edge = stage.desk, stage.desk.edge
    for _ in range(100):
        _interleave(stage)
    ctx = edge.ingest.bound.computation
    drain_all(desk.workers, ctx, clock=now_us)
    refresh(desk.workers, ctx, full=True)
    assert _erased(edge) > 0
    assert desk.rows_left(desk.surrogates()) == {}
    assert _alive_in_vault(edge) == 0


def send(edge: TestEdge, calls: list[dict[str, Any]]) -> dict[str, int]:
    """Send as clients do: what was answered 503 is sent again."""
    for _ in range(TRIES):
        try:
            return edge.send(*calls)
        except StoreUnavailable:
            continue
    return edge.send(*calls)


def _interleave(stage: Stage) -> None:
    dice, person = stage.dice, stage.person()
    if dice.random() < 0.8:
        send(stage.desk.edge, stage.batch(person))
    claimed = dice.choice([("user_id", person.user_id), ("email", person.email)])
    acts = [
        stage.ingest(stage.desk.edge, person, stage.pauses(3)),
        stage.ingest(stage.second, person, stage.pauses(3)),
        stage.work(stage.pauses(2)),
        stage.erase(claimed, dice.random() * 2 * LONGEST_PAUSE_S),
    ]
    dice.shuffle(acts)
    _at_once(acts)
    if claimed[0] == "user_id":
        # Whatever the order was, both gateways refuse the person from now on.
        for edge in (stage.desk.edge, stage.second):
            at = datetime.fromtimestamp(edge.now_us / 1_000_000, UTC)
            again = track("Product Viewed", person, at=at, sentAt=None)
            assert send(edge, [again]) == {"suppressed": 1}
    # An identifier that was in no batch with the erased one belongs to somebody else, as far as
    # anyone can know; they go now, so that the end of the test can ask for no row at all.
    stage.forget(
        ("user_id", person.user_id), ("email", person.email), ("anonymous_id", person.anonymous_id)
    )


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


def _erased(edge: TestEdge) -> int:
    return int(edge.rows("select count(*) from store.subject where state = 2")[0][0])


def _alive_in_vault(edge: TestEdge) -> int:
    with edge.vault.connect() as vault:
        asked = text("select count(*) from vault.subject where state <> 'erased'")
        return int(vault.execute(asked).scalar_one())


def test_the_registry_fence_waits_for_a_writer_and_stops_the_next(stage: Stage) -> None:
    desk, edge = stage.desk, stage.desk.edge
    person = stage.person()
    edge.send(identify(person, at=datetime.now(UTC), sentAt=None))
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
