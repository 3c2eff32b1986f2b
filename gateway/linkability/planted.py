"""Would the audit notice?  People who were made up, with leaks that are known, among the real ones.

They are written in a transaction that is taken back, so that they are read like everybody else and
nobody but this transaction ever sees them.  It locks nobody's row; what stays are gaps in two
numberings.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Final

from sqlalchemy import Connection, Engine

from gateway.linkability.people import Person, Pseudonym
from workers.store import events, registry
from workers.store.event_rows import EventRow, pack
from workers.store.transactions import transaction

PEOPLE: Final = 20
# The columns that are given a secret: a number that both domains have, and an address.
SHARED: Final = "store.event.number"
CONTROL: Final = "store.event.amount"  # numbers of the same size that nobody shares
NAMED_IN: Final = "store.event.text"
_EMPTY: Final = EventRow._make([None] * len(EventRow._fields))


class _TakenBack(Exception):  # not an error: how a transaction is left without a commit
    """What was planted has been read, and goes."""


@dataclass(frozen=True, slots=True)
class Planted:
    """Those who were made up, in the order of their making."""

    people: tuple[Person, ...]

    @property
    def subjects(self) -> frozenset[int]:
        """Give their surrogates."""
        return frozenset(one.subject for person in self.people for one in person.pseudonyms)

    def lines(self) -> list[tuple[str, ...]]:
        """Give lines of a log that tells too much: of each a pseudonym beside the address."""
        return [
            (f"level=info pid={uuid.UUID(bytes=person.pseudonyms[0].pid)} mail={value}",)
            for person in self.people
            for _, value in person.identifiers
        ]


@contextmanager
def taken_back(engine: Engine) -> Iterator[Connection]:
    """Open a transaction on the store that is rolled back, also on a clean exit."""
    with suppress(_TakenBack), transaction(engine) as store:
        yield store
        raise _TakenBack


def plant(store: Connection, domains: Sequence[int], now_us: int, random: Random) -> Planted:
    """Make people up: rows in all *domains*, with one number in common and an address in one.

    The transaction must not be committed.
    """
    people = []
    for number in range(PEOPLE):
        address = f"planted-{number}-{random.randbytes(8).hex()}@example.org"
        shared = random.uniform(1e6, 1e9)
        pseudonyms = []
        for domain in domains:
            pid = uuid.UUID(bytes=random.randbytes(16), version=4).bytes
            row = registry.register(store, [(pid, domain)])[pid]
            text = address if domain == domains[0] else None
            event = _event(row.id, now_us, random)._replace(number=shared, text=text)
            events.copy(store, pack(event), 1)
            pseudonyms.append(Pseudonym(domain, pid, row.id))
        people.append(Person(tuple(pseudonyms), (("email", address),)))
    return Planted(tuple(people))


def _event(subject: int, now_us: int, random: Random) -> EventRow:
    """Give an event of which everything that could be shared is its own."""
    return _EMPTY._replace(
        subject=subject,
        mid=random.getrandbits(63),
        at=now_us - random.randrange(30 * 86_400_000_000),
        batch=-random.getrandbits(40),
        amount=random.getrandbits(39),
        name=1,
        purposes=1,
        source=1,
        kind=0,
    )
