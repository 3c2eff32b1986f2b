"""Whom the vault knows and nobody keeps anything about is forgotten, and nobody else is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.rights import pseudonym_life, strangers
from gateway.rights.cases import CaseType
from pseudonymizer.errors import EnvelopeInvalid, VaultUnavailable
from pseudonymizer.lookup import Lookup
from pseudonymizer.seal import SealingKey
from pseudonymizer.vault.buckets import BUCKETS, Buckets, unwrap_subject
from pseudonymizer.vault.store import BucketRow
from pseudonymizer.vault.strangers import Circle, circles_in
from pseudonymizer.vault.subjects import names_of
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.at_once import at_once
from tests.support.builders import ADA, ALAN, GRACE, Person, identify, track
from tests.support.clock import instant
from tests.support.edge import TestEdge, make_edge
from tests.support.rights import CONFIRMED, RightsDesk
from workers.store import fences, known_server
from workers.store.errors import PseudonymsMoved
from workers.store.transactions import transaction

ALL = (0, BUCKETS)


@pytest.fixture
def older(vault_owner: Engine, store_owner: Engine) -> Callable[[], None]:
    """Make everybody whom the vault knows a month older, and the store as long on its server."""
    with transaction(store_owner) as owner:
        known_server.put(owner)
        owner.execute(text("update store.known_server set since = since - interval '30 days'"))

    def make() -> None:
        with transaction(vault_owner) as owner:
            owner.execute(text("update vault.subject set created_on = created_on - 30"))
            owner.execute(text("update vault.identifier set first_seen_on = first_seen_on - 30"))

    return make


def mint(edge: TestEdge, person: Person) -> None:
    """Do the first half of storing an event, as a gateway that was killed then."""
    edge.lookup([Lookup((("user_id", person.user_id),), mint=True)])


def known(edge: TestEdge, person: Person) -> bool:
    edge.resolver.clear()
    return edge.lookup([Lookup((("user_id", person.user_id),))])[0].status == "known"


def viewed(edge: TestEdge, person: Person = ADA, **members: Any) -> dict[str, Any]:
    at, lamp = instant(edge.now_us), {"product_id": "lamp"}
    return track("Product Viewed", person, at=at, sentAt=None, properties=lamp, **members)


def signed_in(edge: TestEdge, person: Person) -> dict[str, Any]:
    return identify(person, at=instant(edge.now_us), sentAt=None)


def found(desk: RightsDesk, domains: Sequence[str] = ()) -> list[Circle]:
    edge = desk.edge
    with vault_transaction(edge.vault) as vault:
        return circles_in(
            vault,
            edge.keyring,
            domains or tuple(edge.ingest.bound.rules.domain_masks),
            buckets=ALL,
            before=(desk.service.ports.clock() - strangers.KEPT).date(),
        )


def forget(desk: RightsDesk) -> strangers.Forgotten:
    return strangers.forget(desk.service.ports, ALL)


def test_a_stranger_is_forgotten_and_nobody_else(
    desk: RightsDesk, older: Callable[[], None], vault_owner: Engine
) -> None:
    edge = desk.edge
    mint(edge, GRACE)
    assert edge.send(viewed(edge), signed_in(edge, ADA)) == {"stored": 1, "noted": 1}
    people = _subjects(vault_owner)
    older()
    mint(edge, ALAN)
    assert forget(desk) == (1, 1, 0)
    assert [known(edge, each) for each in (ADA, GRACE, ALAN)] == [True, False, True]
    # Ada's browser has nothing in the store, and stays with her: an erasure goes by that link.
    assert _subjects(vault_owner) == {"alive": people["alive"] - 1 + 1, "erased": 1}
    assert any("vault:strangers-forgotten" in each for each in desk.entries())
    assert forget(desk) == (0, 0, 0)
    assert sum("vault:strangers-forgotten" in each for each in desk.entries()) == 1


def test_no_older_copy_of_a_strangers_key_opens_by_the_bucket_of_today(
    desk: RightsDesk, older: Callable[[], None], vault_owner: Engine
) -> None:
    """A backup has the key as it was wrapped; today's vault and its keys must not open it."""
    mint(desk.edge, GRACE)
    ((number, bucket, copied),) = _rows(
        vault_owner, "select id, bucket, wrapped_sk from vault.subject"
    )
    held = f"select id, version, kek_version, wrapped_key from vault.bucket where id = {bucket}"
    assert unwrap_subject(_bucket_key(desk, _rows(vault_owner, held)), number, copied)
    older()
    assert forget(desk).people == 1
    with pytest.raises(EnvelopeInvalid):
        unwrap_subject(_bucket_key(desk, _rows(vault_owner, held)), number, copied)


def _rows(owner: Engine, statement: str) -> list[Any]:
    with transaction(owner) as connection:
        return list(connection.execute(text(statement)))


def _bucket_key(desk: RightsDesk, rows: list[Any]) -> SealingKey:
    return Buckets(desk.edge.keyring).key(BucketRow._make(rows[0]))


def _subjects(vault_owner: Engine) -> dict[str, int]:
    with transaction(vault_owner) as owner:
        rows = owner.execute(text("select state, count(*) from vault.subject group by 1"))
        return {row[0]: row[1] for row in rows}


def test_whose_everything_expired_is_a_stranger_too(
    desk: RightsDesk, older: Callable[[], None], store_owner: Engine
) -> None:
    edge = desk.edge
    assert edge.send(signed_in(edge, ADA)) == {"noted": 1}
    older()
    assert forget(desk).people == 0
    with transaction(store_owner) as owner:  # as the workers do in the end
        owner.execute(text("delete from store.subject"))
    done = forget(desk)
    assert (done.people, done.identifiers) == (2, 3), "Ada, and the browser linked with her"
    assert not known(edge, ADA)


def test_a_gateway_that_remembers_a_stranger_brings_nobody_back(
    desk: RightsDesk, older: Callable[[], None], tmp_path: Path
) -> None:
    edge = desk.edge
    mint(edge, GRACE)
    elsewhere = make_edge(edge.store, edge.vault, tmp_path)
    elsewhere.lookup([Lookup((("user_id", GRACE.user_id),))])
    older()
    assert forget(desk).people == 1
    assert elsewhere.send(viewed(elsewhere, GRACE)) == {"suppressed": 1}, "for a minute at most"
    elsewhere.resolver.clear()
    assert elsewhere.send(viewed(elsewhere, GRACE)) == {"stored": 1}
    assert edge.send(viewed(edge, GRACE)) == {"stored": 1}
    assert edge.rows("select count(*) from store.subject where state = 0") == [(2,)]


def test_who_was_registered_or_met_meanwhile_stays(
    desk: RightsDesk, older: Callable[[], None]
) -> None:
    edge, ports = desk.edge, desk.service.ports
    for person in (ADA, GRACE, ALAN):
        mint(edge, person)
    older()
    now = ports.clock()
    circles = found(desk)
    assert len(circles) == 3
    assert edge.send(viewed(edge, ADA)) == {"stored": 1}
    assert edge.send(signed_in(edge, GRACE)) == {"noted": 1}
    done = [strangers._forget(ports, circle, now) for circle in circles]
    assert sorted(each is None for each in done) == [False, True, True]
    assert [known(edge, each) for each in (ADA, GRACE, ALAN)] == [True, True, False]
    for person in (ADA, GRACE):
        assert edge.send(viewed(edge, person)) == {"stored": 1}, "no fence was left in their way"


def test_whoever_may_have_another_pseudonym_by_now_stays(
    desk: RightsDesk, older: Callable[[], None]
) -> None:
    """They could be registered by one that was not looked for."""
    edge, ports = desk.edge, desk.service.ports
    domains = tuple(edge.ingest.bound.rules.domain_masks)
    mint(edge, GRACE)
    older()
    now = ports.clock()

    assert strangers._forget(ports, found(desk, domains[:1])[0], now) is None, (
        "a domain that came since"
    )
    early = found(desk)[0]
    pseudonym_life.rotate(edge.store, edge.vault)
    assert strangers._forget(ports, early, now) is None
    assert edge.send(viewed(edge, GRACE)) == {"stored": 1}
    assert strangers._forget(ports, found(desk)[0], now) is None
    assert edge.rows("select count(*) from store.subject where state = 2") == [(0,)]


def test_fences_are_taken_away_after_a_day_and_those_of_erasures_never(
    desk: RightsDesk, older: Callable[[], None], store_owner: Engine
) -> None:
    edge = desk.edge
    mint(edge, GRACE)
    edge.send(viewed(edge, ADA))
    older()
    forget(desk)
    desk.erase(("user_id", ADA.user_id))
    assert edge.count("passing_fence") == 2
    assert forget(desk).fences == 0
    with transaction(store_owner) as owner:
        old = "update store.passing_fence set since = since - interval '25 hours'"
        owner.execute(text(old))
    with transaction(edge.store) as store:  # whatever instant the caller gives
        later = desk.service.ports.clock() + timedelta(days=30)
        assert fences.lift(store, before=later, limit=1) == 1
    assert forget(desk).fences == 1
    assert edge.rows("select distinct state, generation > 0 from store.subject") == [(2, True)]
    with transaction(edge.store) as store:  # whatever the gateway writes into the registry
        store.execute(text("update store.subject set generation = -1"))
        assert fences.lift(store, before=later, limit=10) == 0


def test_an_erasure_that_meets_a_fence_keeps_it(
    desk: RightsDesk, older: Callable[[], None], store_owner: Engine
) -> None:
    """So it is where somebody was killed between the fence and the vault."""
    edge = desk.edge
    mint(edge, GRACE)
    older()
    (circle,) = found(desk)
    assert strangers._fenced(desk.service.ports, circle)
    assert edge.count("passing_fence") == 2
    desk.erase(("user_id", GRACE.user_id))
    assert edge.count("passing_fence") == 0
    with transaction(store_owner) as owner:
        owner.execute(
            text("update store.subject set registered_at = registered_at - interval '9 d'")
        )
    assert forget(desk).fences == 0
    assert edge.rows("select count(*) from store.subject where state = 2")[0][0] >= 2


@pytest.mark.parametrize("outcome", ["committed", "undone"])
def test_where_the_vault_fails_the_fences_are_for_whom_it_has_forgotten(
    desk: RightsDesk, older: Callable[[], None], monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    edge, ports = desk.edge, desk.service.ports
    mint(edge, GRACE)
    older()
    (circle,) = found(desk)
    forgotten = strangers._forgotten

    def failing(*asked: Any) -> None:
        if outcome == "committed":
            forgotten(*asked)
        raise VaultUnavailable("the answer was lost")

    monkeypatch.setattr(strangers, "_forgotten", failing)
    with pytest.raises(VaultUnavailable):
        strangers._forget(ports, circle, ports.clock())
    assert edge.count("passing_fence") == (2 if outcome == "committed" else 0)
    assert known(edge, GRACE) is (outcome == "undone")


def test_two_who_forget_at_once_leave_nobody_without_a_fence(
    desk: RightsDesk, older: Callable[[], None]
) -> None:
    ports = desk.service.ports
    for number in range(12):
        mint(desk.edge, replace(ADA, user_id=f"cust-{number}"))
    older()
    circles, now = found(desk), desk.service.ports.clock()
    gone: list[int | None] = []

    def work() -> None:
        gone.extend(strangers._forget(ports, each, now) for each in circles)

    assert at_once(work, work) == []
    assert sorted(each or 0 for each in gone) == [0] * 12 + [1] * 12
    assert desk.edge.count("passing_fence") == 2 * 12


def test_without_its_fence_nobody_is_forgotten(desk: RightsDesk, older: Callable[[], None]) -> None:
    mint(desk.edge, GRACE)
    older()
    (circle,) = found(desk)
    assert strangers._forgotten(desk.service.ports, circle, desk.service.ports.clock()) is None
    assert known(desk.edge, GRACE)


def test_what_was_left_by_one_who_was_killed_is_gone_on_with(
    desk: RightsDesk, older: Callable[[], None]
) -> None:
    mint(desk.edge, GRACE)
    older()
    (circle,) = found(desk)
    assert strangers._fenced(desk.service.ports, circle)
    assert forget(desk).people == 1


def test_while_the_databases_are_of_different_epochs_nobody_is_a_stranger(
    desk: RightsDesk, older: Callable[[], None], store_owner: Engine
) -> None:
    """The one does not know the names by which people are registered in the other."""
    edge = desk.edge
    edge.send(viewed(edge, ADA))
    mint(edge, GRACE)
    older()
    pseudonym_life.rotate(edge.store, edge.vault)
    pseudonym_life.move(edge.store, edge.vault, edge.keyring, lambda _done: None)
    with vault_transaction(edge.vault) as vault:  # as a backup of it has it
        vault.execute(text("update vault.key_in_use set version = 0, first = 0 where name = 'pid'"))
    with pytest.raises(PseudonymsMoved):
        forget(desk)
    pseudonym_life.move(edge.store, edge.vault, edge.keyring, lambda _done: None)
    with transaction(store_owner) as owner:  # and as one of the store has it
        owner.execute(text("update store.pseudonyms set epoch = 0, first = 0"))
    with pytest.raises(PseudonymsMoved):
        forget(desk)
    pseudonym_life.move(edge.store, edge.vault, edge.keyring, lambda _done: None)
    assert forget(desk).people == 1
    assert [known(edge, each) for each in (ADA, GRACE)] == [True, False]


def test_in_the_first_week_on_a_server_nobody_is_forgotten(
    desk: RightsDesk, older: Callable[[], None], store_owner: Engine
) -> None:
    """It may be an old copy, put there until a newer one is found."""
    mint(desk.edge, GRACE)
    older()
    with transaction(store_owner) as owner:  # a copy of another's
        owner.execute(text("update store.known_server set system = system - 1"))
    assert forget(desk).people == 0
    with transaction(store_owner) as owner:
        known_server.put(owner)
    assert forget(desk).people == 0
    with transaction(store_owner) as owner:
        owner.execute(text("update store.known_server set since = since - interval '8 days'"))
        known_server.put(owner)  # the next start: it is the same
    assert forget(desk).people == 1


def test_what_an_operator_undid_is_not_forgotten(
    desk: RightsDesk, older: Callable[[], None], store_owner: Engine
) -> None:
    edge = desk.edge
    edge.send(signed_in(edge, ADA))
    pair = (("user_id", ADA.user_id), ("anonymous_id", ADA.anonymous_id))
    asked = desk.ask(CaseType.UNLINK, *pair, check=CONFIRMED)
    assert asked
    older()
    with transaction(store_owner) as owner:
        owner.execute(text("delete from store.subject"))
    assert forget(desk).people == 0
    assert known(edge, ADA)


def test_while_strangers_are_met_and_forgotten_nobody_is_lost(
    desk: RightsDesk, older: Callable[[], None], tmp_path: Path
) -> None:
    edge = desk.edge
    people = [replace(ADA, user_id=f"cust-{n}", email="", phone="") for n in range(60)]
    for person in people:
        mint(edge, person)
    older()
    elsewhere = make_edge(edge.store, edge.vault, tmp_path)

    def arrive(gateway: TestEdge) -> None:
        for person in people[::2]:
            gateway.send(viewed(gateway, person))

    assert at_once(lambda: arrive(edge), lambda: arrive(elsewhere), lambda: forget(desk)) == []
    forget(desk)
    with vault_transaction(edge.vault) as vault:
        alive = vault.execute(text("select id from vault.subject where state = 'alive'"))
        domains = tuple(edge.ingest.bound.rules.domain_masks)
        names = names_of(vault, edge.keyring, list(alive.scalars()), domains=domains)
    theirs = {pid for name in names for pid in name.pids.values()}
    rows = edge.rows("select pid from store.subject where state = 0")
    assert {row.pid.bytes for row in rows} <= theirs, "nobody is registered whom nothing leads to"
    for gateway in (edge, elsewhere):
        gateway.resolver.clear()
    assert edge.send(*(viewed(edge, each) for each in people)) == {"stored": 60}


def test_all_of_the_vault_is_looked_through_in_a_week(desk: RightsDesk) -> None:
    now = desk.service.ports.clock()
    hours = [strangers.due(now + timedelta(hours=hour)) for hour in range(strangers.HOURS)]
    (buckets,) = zip(*hours, strict=True)
    assert sorted(each for first, end in buckets for each in range(first, end)) == [*range(BUCKETS)]


def test_what_was_missed_is_looked_through_the_next_time(desk: RightsDesk) -> None:
    now = desk.service.ports.clock()
    ((_, end),) = strangers.due(now)
    late = strangers.due(now + timedelta(hours=5), end)
    assert sum(last - first for first, last in late) in range(120, 124)
    assert late[0][0] == end % BUCKETS
    assert all(first <= last for first, last in late)
    assert strangers.due(now, end) == [(end % BUCKETS, end)] if end < BUCKETS else True
