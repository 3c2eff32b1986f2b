"""What must be so after an ordering, whichever it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from gateway.consent.recording import recorded
from gateway.ingest.ledger import intervals, refolded, triplets
from pseudonymizer.vault.subjects import lookup_closure, names_of
from tests.interleavings.acts import WITHDRAWN, History, Parcel, Scene
from tests.support.consistency import wrongs
from tests.support.edge import TestEdge
from tests.support.messages import named_in
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all
from workers.jobs.withdraw import erase_withdrawn
from workers.store import consent, folding, held, memberships, registry
from workers.store.computation import Computation
from workers.store.transactions import transaction

LEFT_IN_VAULT = """
select (select count(*) from vault.identifier join vault.subject s on s.id = subject
        where s.state <> 'alive') as identifiers,
       (select count(*) from vault.subject
        where state = 'erasing' or state = 'erased' and wrapped_sk is not null) as keys,
       (select count(*) from vault.link join vault.subject s on s.id in (subject, other)
        where s.state <> 'alive') as links"""


def judge(scene: Scene, acts: Sequence[str]) -> None:
    """Hold everything that is kept about the people of *scene* against what they were told."""
    house = scene.theatre.house
    if scene.erased is not None:
        for seat in (house, *map(scene.theatre.seat, acts)):
            again = scene.viewed(scene.leaver)
            assert seat.edge.send(again) == {"suppressed": 1}, "the erased comes back"
    drain_all(house.workers, house.ctx, clock=now_us)
    erase_withdrawn(house.workers, house.ctx, clock=now_us)
    with transaction(scene.theatre.owner) as store:
        rows = store.execute(text(REGISTERED), {"mark": scene.marks.store}).all()
        alive = [row.id for row in rows if row.state != registry.ERASED]
        gone = [row.id for row in rows if row.state == registry.ERASED]
        assert_nothing_left(store, gone)
        assert_nothing_lost(store, house.ctx, alive)
        assert list(wrongs(store, house.ctx, alive)) == []
    _names(scene, {bytes(row.pid): row.state for row in rows})
    _events(scene, alive)
    _consent(scene)
    if any(name.startswith("link") for name in acts):
        _linked(scene)


KEPT_FOR = "select coalesce(bit_or(purposes), 0) from store.event where subject = :number"
REGISTERED = "select id, uuid_send(pid) as pid, state from store.subject where id > :mark"


def assert_nothing_left(store: Connection, erased: list[int]) -> None:
    """Not one row of those *erased* is in any table of the data map, the fence aside (R-56)."""
    left = {name: len(rows) for name, rows in held.records(store, erased).items() if rows}
    assert left.keys() <= {"store.subject"}, left


def assert_nothing_lost(store: Connection, ctx: Computation, alive: list[int]) -> None:
    """Everything derived about those *alive* is what their events and their ledger say."""
    assert folding.read(store, ctx, alive) == folding.of_stored(store, ctx, alive)
    rows = registry.lock_by_id(store, alive)
    ledger = consent.of_subjects(store, alive)
    held_by = memberships.of_subjects(store, alive)
    keys = {number: key for key, number in ctx.segments.items()}
    for number, row in rows.items():
        assert list(row.consent) == triplets(refolded(map(recorded, ledger[number])))
        closed = {
            purpose for purpose, (since, until) in intervals(row.consent).items() if since == until
        }
        resting = {
            ctx.purposes[ctx.rules.segments[keys[segment]].purpose]
            for segment in held_by.get(number, ())
        }
        assert not resting & closed, "a membership rests on a consent that was withdrawn"
        kept = store.execute(text(KEPT_FOR), {"number": number}).scalar_one()
        assert not {no for no in closed if kept >> (no - 1) & 1}, "an event is kept after a no"


def left_in_vault(edge: TestEdge) -> tuple[int, int, int]:
    """Count the identifiers, keys and links that the vault still has of those erased."""
    with edge.vault.connect() as vault:
        identifiers, keys, links = vault.execute(text(LEFT_IN_VAULT)).one()
        return identifiers, keys, links


def _names(scene: Scene, states: dict[bytes, int]) -> None:
    """Who is alive in the store is alive in the vault, and nobody else is."""
    edge = scene.theatre.house.edge
    assert left_in_vault(edge) == (0, 0, 0)
    with edge.vault.connect() as vault:
        subjects = vault.execute(
            text("select id from vault.subject where id > :mark and state = 'alive'"),
            {"mark": scene.marks.vault},
        )
        domains = tuple(edge.ingest.bound.rules.domain_masks)
        names = names_of(vault, edge.keyring, list(subjects.scalars()), domains=domains)
    known = {pid for name in names for pid in name.pids.values()}
    for pid, state in states.items():
        assert (pid in known) == (state != registry.ERASED), "the two sides differ about who lives"


def _events(scene: Scene, alive: list[int]) -> None:
    """What was answered is stored, once for each domain, unless its person was erased."""
    edge = scene.theatre.house.edge
    with transaction(edge.store) as store:
        rows = store.execute(text(STORED), {"alive": alive}).all()
    stored = {row.mid for row in rows}
    told = 0
    for parcel in scene.parcels:
        told += parcel.outcomes.get("stored", 0)
        answered = _answered(scene, parcel)
        present = sum(not stored.isdisjoint(mids) for mids in _mids(edge, parcel))
        assert present == answered, f"{answered} answered, {present} stored"
    counted = scene.theatre.marks().stored - scene.marks.stored
    unnamed = 1 if scene.history is History.EVENTS else 0
    assert counted == told + unnamed, "the public count of stored events is wrong"


STORED = "select mid from store.event where subject = any(:alive)"


def _answered(scene: Scene, parcel: Parcel) -> int:
    """Give how many events of *parcel* must be there: those stored, less what was erased since."""
    said = parcel.outcomes
    assert said.keys() <= {"stored", "suppressed"}, said
    leavers = sum(call["userId"] == scene.leaver.user_id for call in parcel.calls)
    if scene.erased is not None:
        assert said["stored"] in {len(parcel.calls), len(parcel.calls) - leavers}
        return len(parcel.calls) - leavers
    assert said == {"stored": len(parcel.calls)}
    return len(parcel.calls)


def _mids(edge: TestEdge, parcel: Parcel) -> Iterator[list[int]]:
    ids = named_in(edge.ingest.bound.rules.domain_masks, edge.keyring, 1)
    for call in parcel.calls:
        yield ids(call["messageId"])


def _consent(scene: Scene) -> None:
    """A withdrawal that was answered is in force, whatever came beside it."""
    house = scene.theatre.house
    if not scene.withdrawn or scene.erased is not None or scene.history is History.NONE:
        return
    (found,) = house.edge.lookup([scene.asked])
    assert found.pids is not None
    with transaction(house.edge.store) as store:
        rows = registry.lock(store, list(found.pids.values()))
    for row in rows.values():
        known = intervals(row.consent)
        for purpose in WITHDRAWN:
            since, until = known.get(house.ctx.purposes[purpose], (0, 0))
            assert since == until, f"{purpose} was withdrawn, and is open"


def _linked(scene: Scene) -> None:
    """A greeting that was answered has made one person of two names, beside their browser."""
    edge = scene.theatre.house.edge
    names = (("user_id", scene.leaver.user_id), ("email", scene.leaver.email))
    with edge.vault.connect() as vault:
        circles = [
            [row.id for row in lookup_closure(vault, edge.keyring, [name])] for name in names
        ]
    if scene.erased is not None:
        assert circles[0] == []
    else:
        assert scene.greeted == {"noted": 1}
        assert circles[0] == circles[1] != []
        assert len(circles[0]) == 2
