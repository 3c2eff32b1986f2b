"""What everybody does: the product's own entrances, about the same two people.

The *leaver* is whom an erasure claims, the *neighbour* stands in the same batches.  Acts keep what
they were answered, for the verdict.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any

from gateway.consent.service import Choice
from gateway.rights import erasure, running
from gateway.rights.dossier import Dossier
from gateway.rights.work import Work
from policies.vocabulary import ConsentStatus
from pseudonymizer.lookup import Lookup
from tests.interleavings.theatre import Marks, Seat, Theatre
from tests.support.builders import Person, identify, track
from tests.support.clock import instant
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_shard
from workers.jobs.refresh import refresh
from workers.jobs.withdraw import erase_withdrawn
from workers.store import lanes, registry

WITHDRAWN = ("personalisation", "email_marketing")
CLOSED_BEFORE = "audience_measurement"
DAY_US = 86_400_000_000

Call = dict[str, Any]


class History(Enum):
    """What is known of the leaver when an ordering begins."""

    NONE = "unmet"
    CONSENT = "consenting"  # their choice, and no event that was folded
    EVENTS = "known"


@dataclass
class Parcel:
    """One request of events, and what became of it."""

    calls: list[Call]
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass
class Scene:
    """The people of one ordering, and what they and everybody else were told."""

    theatre: Theatre
    leaver: Person
    neighbour: Person
    history: History
    now_us: int
    marks: Marks
    parcels: list[Parcel] = field(default_factory=list)
    greeted: dict[str, int] = field(default_factory=dict)
    erased: Work | None = None
    withdrawn: bool = False
    _age_s: int = 3_000

    @property
    def asked(self) -> Lookup:
        """Give the question who the leaver is."""
        return Lookup(identifiers=(("user_id", self.leaver.user_id),))

    def viewed(self, person: Person, **members: Any) -> Call:
        """Give an event of *person*'s; later ones of a scene happened later."""
        self._age_s -= 1
        at = instant(self.now_us) - timedelta(seconds=self._age_s)
        properties = {"product_id": "SKU-1"}
        return track("Product Viewed", person, at=at, sentAt=None, properties=properties, **members)

    def parcel(self, *people: Person) -> Parcel:
        """Give a request with an event of each of *people*; the verdict will ask about it."""
        parcel = Parcel([self.viewed(person) for person in people])
        self.parcels.append(parcel)
        return parcel

    def send(self, seat: Seat, parcel: Parcel) -> None:
        parcel.outcomes = seat.edge.send(*parcel.calls)


Act = Callable[[], None]


def scene(theatre: Theatre, history: History, *, backlog: bool) -> Scene:
    """Bring on new people with a little history; with a *backlog*, something waits to be folded.

    Only where somebody comes to fold it: late events make a state be folded anew, and so would hide
    that another one of its events was lost.
    """
    now, leaver, neighbour = theatre.pass_time(), theatre.somebody(), theatre.somebody()
    found = Scene(theatre, leaver, neighbour, history, now_us=now, marks=theatre.marks())
    edge = theatre.house.edge
    if history is History.CONSENT:
        given = dict.fromkeys(edge.ingest.bound.rules.numbers, ConsentStatus.GIVEN)
        # Before all of their events, whose own signals then say nothing new.
        edge.consent.record(Choice("user_id", leaver.user_id, given, now - DAY_US))
    if backlog:
        waiting = [neighbour] if history is History.NONE else [leaver, neighbour, leaver]
        found.send(theatre.house, found.parcel(*waiting, neighbour, neighbour))
    if history is History.EVENTS:
        found.send(theatre.house, found.parcel(neighbour, leaver))
        edge.send(found.viewed(leaver, userId=None, anonymousId=leaver.anonymous_id))
    else:
        found.send(theatre.house, found.parcel(neighbour))
    return found


def bulk(scene: Scene, seat: Seat) -> Act:
    """Ingest a large batch, in a process that remembers the leaver."""
    if scene.history is not History.NONE:
        seat.edge.lookup([scene.asked])
    parcel = scene.parcel(scene.leaver, scene.neighbour, scene.leaver)
    return lambda: scene.send(seat, parcel)


def live(scene: Scene, seat: Seat) -> Act:
    """Ingest a small batch, in a process that has to ask the vault."""
    parcel = scene.parcel(scene.leaver, scene.neighbour)
    return lambda: scene.send(seat, parcel)


def drain(scene: Scene, seat: Seat) -> Act:
    """Fold what the bulk lane left about the leaver, in the shards that are theirs."""
    (found,) = scene.theatre.house.edge.lookup([scene.asked])
    with scene.theatre.owner.connect() as store:
        rows = registry.lock(store, [] if found.pids is None else list(found.pids.values()))
    found_in = sorted(rows.values(), key=lambda row: row.domain)
    shards = list(dict.fromkeys(row.id % lanes.SHARDS for row in found_in)) or [0]

    def run() -> None:
        for shard in shards:
            drain_shard(seat.workers, seat.ctx, shard, clock=now_us)

    return run


def refreshing(_scene: Scene, seat: Seat) -> Act:
    """Refresh features and memberships."""

    def run() -> None:
        refresh(seat.workers, seat.ctx)

    return run


def link(scene: Scene, seat: Seat) -> Act:
    """Say that user, address and browser are one person: the greeting that merges them."""
    at = instant(scene.now_us) - timedelta(seconds=1)
    call = identify(scene.leaver, at=at, sentAt=None)

    def run() -> None:
        scene.greeted = seat.edge.send(call)

    return run


def withdrawal(scene: Scene, seat: Seat) -> Act:
    """Take consent back for some purposes."""
    purposes = dict.fromkeys(WITHDRAWN, ConsentStatus.WITHDRAWN)

    def run() -> None:
        seat.edge.consent.record(Choice("user_id", scene.leaver.user_id, purposes, None))
        scene.withdrawn = True

    return run


def carrying(scene: Scene, seat: Seat) -> Act:
    """Take from stored events what was withdrawn; one such no has been said before it begins."""
    no = {CLOSED_BEFORE: ConsentStatus.WITHDRAWN}
    said = Choice("user_id", scene.leaver.user_id, no, None)
    scene.theatre.house.edge.consent.record(said)

    def run() -> None:
        erase_withdrawn(seat.workers, seat.ctx, clock=now_us)

    return run


def erase(scene: Scene, seat: Seat) -> Act:
    """Do those steps of an erasure that change anything, as a case does; the scan has its tests."""
    claimed = [("user_id", scene.leaver.user_id)]

    def run() -> None:
        work = Work(seat.ports, uuid.uuid4(), datetime.now(UTC), Dossier(claimed))
        for step in (erasure.fence_vault, erasure.erase_store, erasure.destroy_keys):
            if running._until_uncontended(work, step) is not None:
                break
        scene.erased = work

    return run


ACTS: Mapping[str, Callable[[Scene, Seat], Act]] = MappingProxyType(
    {
        "bulk": bulk,
        "live": live,
        "drain": drain,
        "refresh": refreshing,
        "link": link,
        "withdrawal": withdrawal,
        "carrying": carrying,
        "erasure": erase,
    }
)

# What can be about somebody nobody has met: there is nothing yet to fold or to refresh.
FIRST_SIGHTS = ("bulk", "live", "link", "withdrawal", "erasure")
# Who may be about to write somebody's first state, or to miss it.
FIRST_STATES = ("live", "drain", "refresh")
