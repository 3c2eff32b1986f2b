"""Whom the vault knows and nobody keeps anything about is forgotten, and nobody else is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.rights import pseudonym_life, strangers
from gateway.rights.cases import CaseType
from pseudonymizer.lookup import Lookup
from pseudonymizer.vault.buckets import BUCKETS
from pseudonymizer.vault.strangers import Circle, circles_in
from pseudonymizer.vault.subjects import names_of
from pseudonymizer.vault.transactions import transaction as vault_transaction
from tests.support.at_once import at_once
from tests.support.builders import ADA, ALAN, GRACE, Person, identify, track
from tests.support.clock import instant
from tests.support.edge import TestEdge, make_edge
from tests.support.rights import CONFIRMED, RightsDesk
from workers.store import fences
from workers.store.transactions import transaction

ALL = (0, BUCKETS)


@pytest.fixture
def older(vault_owner: Engine) -> Callable[[], None]:
    """Make everybody whom the vault knows a month older."""

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
    with vault_transaction(edge.vault) as vault:
        found = circles_in(
            vault,
            edge.keyring,
            tuple(edge.ingest.bound.rules.domain_masks),
            buckets=ALL,
            before=(now - strangers.KEPT).date(),
        )
    assert len(found) == 3
    assert edge.send(viewed(edge, ADA)) == {"stored": 1}
    assert edge.send(signed_in(edge, GRACE)) == {"noted": 1}
    done = [strangers._forget(ports, circle, now) for circle in found]
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

    def found(domains: tuple[str, ...]) -> Circle:
        before = (now - strangers.KEPT).date()
        with vault_transaction(edge.vault) as vault:
            (circle,) = circles_in(vault, edge.keyring, domains, buckets=ALL, before=before)
        return circle

    assert strangers._forget(ports, found(domains[:1]), now) is None, "a domain that came since"
    early = found(domains)
    pseudonym_life.rotate(edge.store, edge.vault)
    assert strangers._forget(ports, early, now) is None
    assert edge.send(viewed(edge, GRACE)) == {"stored": 1}
    assert strangers._forget(ports, found(domains), now) is None
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
    fenced = edge.rows("select count(*) from store.subject where state = 2 and generation = -1")
    assert fenced[0][0] == 2
    assert forget(desk).fences == 0
    with transaction(store_owner) as owner:
        old = "update store.subject set registered_at = registered_at - interval '25 hours'"
        owner.execute(text(old))
    with transaction(edge.store) as store:  # whatever instant the caller gives
        later = desk.service.ports.clock() + timedelta(days=30)
        assert fences.lift(store, before=later, limit=1) == 1
    assert forget(desk).fences == 1
    assert edge.rows("select distinct state, generation > 0 from store.subject") == [(2, True)]


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
    hours = sorted(strangers.due(now + timedelta(hours=hour)) for hour in range(strangers.HOURS))
    assert (hours[0][0], hours[-1][1]) == ALL
    assert all(one[1] == other[0] for one, other in itertools.pairwise(hours))
