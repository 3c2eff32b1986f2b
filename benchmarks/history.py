"""A store with a long history: events by the product's own packing and COPY, and nothing beside it.

No gateway and no worker runs here; what is measured calls the product's functions itself.  Events
come in the order of time over half a year, from a population that grows with them, so that the
rows of one subject lie apart as they do in a shop.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psycopg
from sqlalchemy import Connection

from benchmarks.happenings import Happenings, Instants, Subjects
from benchmarks.suite import Run, say
from gateway.addresses import Addresses
from gateway.cli.opened import opened as opened_installation
from policies.load import load_rulebook
from workers.jobs.drain import drain_all
from workers.jobs.refresh import Refreshed, refresh
from workers.store import batches, events, lanes, registry
from workers.store.computation import Computation
from workers.store.transactions import connect, transaction

EACH = 50  # events of a subject on average
SMALL = 100_000
CHUNK = 5_000  # events a commit
SPAN_US = 180 * 86_400_000_000
FEW, MANY = 50, 10_000  # events of those who are there to be erased
ERASED_FEW, ERASED_MANY = 20, 3  # how many of them
SPOKEN = 20  # how many times progress is told


@contextmanager
def opened(run: Run) -> Iterator[str]:
    """Start a database of its own; give the address of its store's owner."""
    with (
        tempfile.TemporaryDirectory(prefix="paravent-bench-") as folder,
        opened_installation(Path(folder) / "data", create=True, announce=say) as home,
    ):
        run.history = History(home.addresses, run.history_events, int(SMALL * run.scale))
        try:
            yield run.history.owner
        finally:
            run.history.close()


@dataclass(slots=True)
class Special:
    """Subjects that hold exactly so many events, made apart from the population."""

    by_count: dict[int, list[int]] = field(default_factory=dict)

    def take(self, count: int) -> list[int]:
        """Give those with *count* events; once, for they are there to be erased."""
        return self.by_count.pop(count)


class History:
    """The store and what is in it."""

    def __init__(self, addresses: Addresses, events_: int, small: int) -> None:
        self.owner = addresses.store_owner
        self.size, self.small = events_, small
        self.stored, self.up_to_date = 0, False
        self.many = min(MANY, events_ // 100)  # a hundredth is enough of a small table
        self.special = Special()
        self.gateway = connect(addresses.store, pool_size=1, application_name="bench gateway")
        self.workers = connect(addresses.workers, pool_size=2, application_name="bench workers")
        self._source = self._first_source()
        with transaction(self.workers) as connection:
            self.ctx = Computation.build(connection, load_rulebook())
        self._dice = np.random.default_rng(1815)
        self._population: list[int] = []
        self._began_us = int(time.time() * 1e6) - SPAN_US
        self._happen = Happenings(self.ctx, self._source, self._dice)

    def close(self) -> None:
        """Let go of the database."""
        self.gateway.dispose()
        self.workers.dispose()

    @property
    def people(self) -> int:
        """How many subjects the population has."""
        return len(self._population)

    def begun(self) -> None:
        """Have the small table."""
        self._grow(self.small, {FEW: ERASED_FEW})

    def whole(self) -> None:
        """Have the whole table."""
        if self.stored < self.size:
            self._grow(self.size, {FEW: ERASED_FEW, self.many: ERASED_MANY})

    def _grow(self, to: int, special: Mapping[int, int]) -> None:
        """Store events until there are *to*.

        Args:
            to: events in the table.
            special: how many subjects to make with exactly so many events.
        """
        self._population += self._registered(to // EACH - len(self._population))
        whose = self._drawn(to, special)
        for at in range(self.stored, to, CHUNK):
            upto = min(at + CHUNK, to)
            happened = self._began_us + np.arange(at, upto) * (SPAN_US // self.size)
            with transaction(self.gateway) as connection:
                self._store(connection, whose[at - self.stored : upto - self.stored], happened)
            if upto * SPOKEN // to > at * SPOKEN // to:
                say(f"building the table: {upto:,} of {to:,} events")
        self.stored, self.up_to_date = to, False
        with psycopg.connect(self.owner, autocommit=True) as owner:
            owner.execute("vacuum analyze")

    def touch(self, share: float, each: int) -> int:
        """Leave *each* new events of a share of the population to the next drain."""
        count = max(1, int(len(self._population) * share))
        chosen = self._dice.choice(np.array(self._population), count, replace=False)
        whose = np.repeat(chosen, each)
        happened = np.full(len(whose), int(time.time() * 1e6)) + np.arange(len(whose))
        with transaction(self.gateway) as connection:
            batch, mids = self._store(connection, whose, happened)
            dirty: dict[int, list[int]] = {}
            for subject, mid in zip(whose.tolist(), mids, strict=True):
                dirty.setdefault(subject, []).append(mid)
            lanes.mark_dirty(connection, batch, dirty)
        return count

    def drained(self) -> None:
        """Fold what waits."""
        drain_all(self.workers, self.ctx, clock=lambda: int(time.time() * 1e6))

    def refreshed(self, *, full: bool) -> Refreshed:
        """Bring everything up to now."""
        done = refresh(self.workers, self.ctx, full=full)
        self.up_to_date = True
        return done

    def long_after(self) -> None:
        """Make as if the last refresh began just now, and not within the overlap of the next.

        A refresh looks again at whoever was folded in the ten minutes before the one before it
        began; here nobody waits for them to pass.
        """
        with psycopg.connect(self.owner) as owner:
            owner.execute(
                "update store.refresh_run set started_at = now() + interval '10 minutes' where id ="
                " (select max(id) from store.refresh_run)"
            )

    def _first_source(self) -> int:
        with psycopg.connect(self.owner) as owner:
            made = owner.execute(
                "insert into store.source (key, label) values ('bench', 'bench') returning id"
            ).fetchone()
        return int((made or (1,))[0])

    def _registered(self, count: int) -> list[int]:
        """Register subjects who have consented to every purpose of their domain."""
        found: list[int] = []
        while len(found) < count:
            more = [(uuid.uuid4().bytes, self._happen.domain) for _ in range(CHUNK)]
            with transaction(self.gateway) as connection:
                rows = registry.register(connection, more[: count - len(found)])
                numbers = sorted(row.id for row in rows.values())
                registry.set_consent(connection, dict.fromkeys(numbers, self._happen.consent))
            found += numbers
        return found

    def _drawn(self, to: int, special: Mapping[int, int]) -> Subjects:
        """Draw whose the events are: of anybody there by then, but for those of special ones."""
        at = np.arange(self.stored, to)
        there = np.minimum(at // EACH + 1, len(self._population))
        whose: Subjects = np.array(self._population, np.int64)[
            (self._dice.random(len(at)) * there).astype(int)
        ]
        places = self._dice.permutation(len(at))
        for count, many in special.items():
            numbers = self._registered(many)
            self.special.by_count[count] = numbers
            chosen, places = places[: count * many], places[count * many :]
            whose[chosen] = np.repeat(numbers, count)
        return whose

    def _store(
        self, connection: Connection, whose: Subjects, happened: Instants
    ) -> tuple[int, Sequence[int]]:
        batch = batches.create(
            connection, source=self._source, lane=batches.BULK, rulebook=self.ctx.rulebook,
            events=len(whose),
        )  # fmt: skip
        rows = self._happen.rows(whose, happened, batch)
        events.copy(connection, [events.pack(row) for row in rows], len(rows))
        return batch, [row.mid for row in rows]
