"""Two databases, several processes on them, and new people for every ordering.

A :class:`Seat` is what one process has: its engines, its resolver with its memory, its services.
The lines of its connections are gated while it acts; the house, a seat like the others, never acts
and is never stopped.  Databases stay, since a clone costs as much as ten orderings; the people of
an ordering are erased after it, so that every one begins with a store that has nobody alive in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, event, text

from gateway.rights.ports import Ports
from pseudonymizer.vault.transactions import connect as connect_vault
from tests.interleavings.blockades import Blockades
from tests.interleavings.conductor import Conductor
from tests.support.builders import Person
from tests.support.edge import TestEdge, make_edge, shop_rules
from tests.support.postgres import Database
from tests.support.wire import Wire
from workers.store import erasure
from workers.store.computation import Computation
from workers.store.transactions import connect as connect_store
from workers.store.transactions import transaction

HOUSE = "house"
BACK_US = 3_600_000_000  # before the workers' clock, which is the real one
STEP_US = 10_000


@dataclass(frozen=True, slots=True)
class Seat:
    """One process's worth of the product."""

    name: str
    edge: TestEdge
    ports: Ports
    workers: Engine

    @property
    def ctx(self) -> Computation:
        return self.edge.ingest.bound.computation


class Marks(NamedTuple):
    """Where the numbers stood before an ordering: whoever is above came in it."""

    store: int
    vault: int
    stored: int


@dataclass
class Theatre:
    """The databases, their owner's engine to look behind them, and the seats."""

    conductor: Conductor
    loop: asyncio.AbstractEventLoop
    owner: Engine
    house: Seat
    made: Callable[[str], Seat]
    seats: dict[str, Seat] = field(default_factory=dict)
    rehearsed: set[str] = field(default_factory=set)
    performed: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def seat(self, name: str) -> Seat:
        """Give the seat of the actor *name*; it stays theirs."""
        if name not in self.seats:
            self.seats[name] = self.made(name)
        return self.seats[name]

    def somebody(self) -> Person:
        """Give a person nobody has met."""
        number = next(self.numbers)
        return Person(f"cust-{number}", f"pioneer-{number}@example.org", "", f"anon-{number}")

    def pass_time(self) -> int:
        """Let every seat's clock tick; give the present."""
        now_us = self.house.edge.now_us + STEP_US
        for seat in (self.house, *self.seats.values()):
            seat.edge.now_us = now_us
        return now_us

    def marks(self) -> Marks:
        """Give where the numbers stand."""
        with transaction(self.owner) as store:
            row = store.execute(text(MARKS)).one()
        with self.house.edge.vault.connect() as vault:
            newest = vault.execute(text("select coalesce(max(id), 0) from vault.subject"))
            return Marks(row.newest, newest.scalar_one(), row.stored)

    def clear(self) -> None:
        """Erase everybody alive, so that no job finds them when the next ordering runs."""
        with transaction(self.owner) as store:
            alive = store.execute(text("select id from store.subject where state <> 2")).scalars()
            erasure.erase(store, list(alive))
            store.execute(text("delete from store.outbox"))
            store.execute(text("delete from store.refresh_run where id < (" + LAST_RUN))


LAST_RUN = "select max(id) from store.refresh_run)"
MARKS = """
select (select coalesce(max(id), 0) from store.subject) as newest, (
  select coalesce(sum(count), 0)::int8 from store.decision_count where outcome = 'stored') as stored
"""


@contextlib.contextmanager
def opened(store: Database, vault: Database, folder: Path) -> Iterator[Theatre]:
    """Open a theatre on two databases; the keys lie in *folder*."""
    for database in (store, vault):
        # Whoever closes a circle of waiting is told at once, so it is always the same one.
        statement = f"alter database \"{database.name}\" set deadlock_timeout = '1ms'"
        database.server.execute(statement)
    with contextlib.ExitStack() as stack:
        blockades = Blockades(*{each.server.dsn("postgres") for each in (store, vault)})
        stack.callback(blockades.close)
        conductor = Conductor(blockades)
        first = stack.enter_context(Wire(store.owner_dsn, conductor.line).strung())
        second = stack.enter_context(Wire(vault.owner_dsn, conductor.line, beside=first).strung())
        owner = connect_store(store.owner_dsn, pool_size=1, application_name=HOUSE)
        stack.callback(owner.dispose)
        plan = _Plan(_Side(store, first), _Side(vault, second), folder, stack)
        house = plan.seat(HOUSE)
        house.edge.now_us -= BACK_US
        yield Theatre(conductor, first.loop, owner, house, plan.seat)


class _Side(NamedTuple):
    """A database, and the wire to it."""

    database: Database
    wire: Wire

    def dsn(self, role: str) -> str:
        return self.wire.through(self.database.dsn(role))


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a seat is made."""

    store: _Side
    vault: _Side
    folder: Path
    stack: contextlib.ExitStack

    def seat(self, name: str) -> Seat:
        store, workers, rights = (
            connect_store(dsn, pool_size=2, application_name=name)
            for dsn in (
                self.store.dsn("paravent_gateway"),
                self.store.dsn("paravent_workers"),
                self.vault.dsn("paravent_gateway"),
            )
        )
        dsn = self.vault.dsn("paravent_vault")
        vault = connect_vault(dsn, pool_size=2, application_name=name)
        for engine in (store, workers, rights, vault):
            event.listen(engine, "connect", _plain)
            self.stack.callback(engine.dispose)
            engine.connect().close()  # what SQLAlchemy asks a new server is no part of an ordering
        edge = make_edge(store, vault, self.folder)
        ports = Ports(
            store=store, vault=vault, rights=rights, keyring=edge.keyring, rulebook=shop_rules,
            resolver=edge.resolver,
        )  # fmt: skip
        return Seat(name, edge, ports, workers)


def _plain(driver: Any, _record: object) -> None:
    """Prepare nothing: how often a statement was run before would decide how it is sent."""
    driver.prepare_threshold = None
