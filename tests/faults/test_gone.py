"""The judge of departures sees what is left of somebody, who came back, and what is not proven."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from gateway.rights import register
from gateway.rights.cases import CaseType
from gateway.rights.service import Request
from tests.faults import gone
from tests.faults.bench import SOURCE, Bench
from tests.faults.gone import Gone
from tests.faults.leaving import Departure
from tests.faults.model import Books, Model
from tests.support.builders import Person, identify
from tests.support.clock import instant
from tests.support.rights import CONFIRMED, RightsDesk


@pytest.fixture
def desk(
    bench: Bench, rights_engine: Engine, store_auditor: Engine, store_workers: Engine
) -> RightsDesk:
    return RightsDesk(bench.edge, rights_engine, store_auditor, store_workers)


@pytest.fixture
def left(bench: Bench, desk: RightsDesk) -> Departure:
    """Somebody who came, ordered, and was erased, beside somebody who stays."""
    person = bench.somebody()
    at = instant(bench.edge.now_us)
    leaving = [identify(person, at=at, sentAt=None), bench.order(person)]
    bench.edge.send(*leaving, source=SOURCE)
    bench.deliver_until_answered([bench.order(bench.somebody())])
    return Departure(person, result=desk.erase(("user_id", person.user_id)))


def look(bench: Bench, vault: Engine, *left: Departure) -> Gone:
    keyring = bench.edge.keyring
    books = Books(bench.edge.store, bench.message_ids, bench.edge.lookup)
    others = bench.model.places(books)
    return gone.look(books, vault, keyring, departures=left, sent=Model(), others=others)


def test_whoever_was_erased_is_gone_and_that_is_proven(
    bench: Bench, left: Departure, vault_owner: Engine
) -> None:
    found = look(bench, vault_owner, left)
    assert (found.people, found.cases, found.receipts) == (1, 1, 1)
    assert found.clean(), found


def test_a_row_that_is_left_and_a_pseudonym_of_nobody_are_told(
    bench: Bench, left: Departure, vault_owner: Engine, store_owner: Engine
) -> None:
    with store_owner.begin() as owner:
        owner.execute(
            text(
                "update store.event set subject = (select min(id) from store.subject"
                " where state = 2) where subject = (select max(subject) from store.event)"
            )
        )
    bench.edge.send(bench.order(Person("cust-who", "who@example.org", "", "anon-who")))
    found = look(bench, vault_owner, left)
    assert found.rows["store.event"] == 1
    assert found.strangers == 2
    assert not found.clean()


def test_who_would_be_let_in_again_is_told(
    bench: Bench, left: Departure, vault_owner: Engine
) -> None:
    stays = Departure(bench.somebody(), unheard=1)
    found = look(bench, vault_owner, left, stays)
    assert set(found.back) == {stays.person.user_id, stays.person.email}
    assert found.unproven == 1


def test_a_receipt_that_was_touched_and_a_case_that_is_open_are_told(
    bench: Bench, desk: RightsDesk, left: Departure, vault_owner: Engine, rights_engine: Engine
) -> None:
    with vault_owner.begin() as owner:
        owner.execute(
            text("update rights.case set receipt = jsonb_set(receipt, '{scope}', '\"some\"')")
        )
    asked = Request(CaseType.ERASURE, (("user_id", left.person.user_id),), CONFIRMED)
    row = desk.service.open(None, asked)
    with rights_engine.connect() as rights:
        assert register.unfinished_cases(rights) == [row.id]
    found = look(bench, vault_owner, left)
    assert (found.forged, found.unclosed) == (1, 1)
