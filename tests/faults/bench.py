"""The ingest service on a bench: its lines to PostgreSQL go past scissors, and a model keeps count.

In process, with the clock and the threads of the test, on databases of its own and as the roles of
run time.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from gateway.errors import STATUS
from policies.errors import ParaventError
from pseudonymizer.vault.transactions import connect as connect_vault
from tests.faults.model import Books, Model, Verdict
from tests.support.builders import Person, track
from tests.support.clock import instant
from tests.support.consistency import divergent, refreshed_otherwise
from tests.support.edge import TestEdge, make_edge
from tests.support.messages import named_in
from tests.support.postgres import Database
from tests.support.scissors import Scissors
from tests.support.wire import Wire
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all
from workers.store.computation import Computation
from workers.store.transactions import connect as connect_store

SOURCE = 1
PATIENCE_S = 60.0
PAUSE_S = 0.02

Call = dict[str, Any]


@dataclass
class Bench:
    """One service, the scissors on its lines, and what it promised."""

    edge: TestEdge
    scissors: Scissors
    workers: Engine
    model: Model = field(default_factory=Model)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    refusals: int = 0
    waiting: list[int] = field(default_factory=list)  # shards with something to fold

    def somebody(self) -> Person:
        """Give a person nobody has met."""
        number = next(self.numbers)
        return Person(f"cust-{number}", f"pioneer-{number}@example.org", "", f"anon-{number}")

    def order(self, person: Person, *, age_s: float = 0, **members: Any) -> Call:
        """Give an order of *person*, placed *age_s* seconds before the service's now."""
        number = next(self.numbers)
        at = instant(self.edge.now_us) - timedelta(seconds=age_s)
        properties = {"order_id": f"order-{number}", "total": number / 100, "currency": "EUR"}
        message = f"message-{number}"
        return track(
            "Order Completed", person, at=at, messageId=message, sentAt=None,
            properties=properties, **members,
        )  # fmt: skip

    def deliver(self, calls: list[Call]) -> ParaventError | None:
        """Send *calls* once; give the error that tells the client to come again, if one did."""
        self.model.send(calls)
        try:
            self.edge.send(*calls, source=SOURCE)
        except ParaventError as error:
            if STATUS.get(error.code) != httpx.codes.SERVICE_UNAVAILABLE:
                raise
            self.refusals += 1
            return error
        self.model.answer(calls)
        return None

    def deliver_until_answered(self, calls: list[Call]) -> int:
        """Send *calls* until all is well; give how often the client was told to come again."""
        deadline = time.monotonic() + PATIENCE_S
        for tries in itertools.count():
            if self.deliver(calls) is None:
                return tries
            assert time.monotonic() < deadline, f"{tries} tries were not enough"
            threading.Event().wait(PAUSE_S)
        raise AssertionError

    def forget_connections(self) -> None:
        """Let the next transactions make their connections themselves."""
        self.edge.store.dispose()
        self.edge.vault.dispose()

    @property
    def ctx(self) -> Computation:
        return self.edge.ingest.bound.computation

    def verdict(self) -> Verdict:
        """Hold the store against the model."""
        return self.model.judge(Books(self.edge.store, self.message_ids, self.edge.lookup))

    def message_ids(self, text: str) -> list[int]:
        """Give what a message is called in each domain."""
        domains = self.edge.ingest.bound.rules.domain_masks
        return named_in(domains, self.edge.keyring, SOURCE)(text)

    def assert_kept(self) -> None:
        """Fold what waits, then hold everything against the model and a full computation."""
        drain_all(self.workers, self.ctx, clock=now_us)
        verdict = self.verdict()
        assert verdict.clean(), verdict
        assert not any(divergent(self.edge.store, self.ctx).values())
        assert refreshed_otherwise(self.workers, self.ctx) == []


@contextlib.contextmanager
def benched(store: Database, vault: Database, folder: Path, *, pool: int = 4) -> Iterator[Bench]:
    """Set up a service with so many connections to each database."""
    scissors = Scissors()
    with (
        Wire(store.owner_dsn, scissors.line).strung() as to_store,
        Wire(vault.owner_dsn, scissors.line).strung() as to_vault,
    ):
        gateway, workers = (
            connect_store(
                to_store.through(store.dsn(role)), pool_size=pool, application_name="paravent-tests"
            )
            for role in ("paravent_gateway", "paravent_workers")
        )
        identified = connect_vault(to_vault.through(vault.dsn("paravent_vault")), pool_size=pool)
        try:
            yield Bench(make_edge(gateway, identified, folder), scissors, workers)
        finally:
            for engine in (gateway, workers, identified):
                engine.dispose()
