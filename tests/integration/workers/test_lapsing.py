"""Who is forgotten once what they said has stopped counting, and who is not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.shop import DAY_US, Shop
from workers.jobs import expire
from workers.jobs.clock import now_us
from workers.jobs.expire import expire_events
from workers.store import consent, expiry, registry
from workers.store.consent import LedgerRow
from workers.store.errors import StoreRefused
from workers.store.transactions import transaction

PROOF_DAYS = 1826
LONG_AGO = (PROOF_DAYS + 200) * DAY_US
VALID = 183 * DAY_US


@pytest.fixture
def shop(store_gateway: Engine) -> Shop:
    return Shop.open(store_gateway)


def _say(shop: Shop, person: int, at_us: int, *, yes: bool) -> None:
    row = LedgerRow(
        seq=0,
        subject=person,
        purpose=shop.ctx.purposes["personalisation"],
        status="given" if yes else "withdrawn",
        method="api",
        at_us=at_us,
        received_us=at_us,
        valid_until_us=at_us + VALID if yes else at_us,
        scope="account",
        source=None,
        rulebook=shop.ctx.rulebook,
        receipt_id=uuid.uuid4().bytes,
    )
    with transaction(shop.engine) as connection:
        consent.append(connection, [row])


def _past(shop: Shop, workers: Engine, *, ago_us: int = LONG_AGO) -> int:
    """Register somebody as of then, who said yes once."""
    person = shop.person()
    at_us = now_us() - ago_us
    _say(shop, person, at_us, yes=True)
    with transaction(workers) as connection:
        connection.execute(
            text("update store.subject set registered_at = to_timestamp(:at) where id = :id"),
            {"at": at_us / 1e6, "id": person},
        )
    return person


def _known(shop: Shop, person: int) -> tuple[int, int]:
    """Count the registry's row and the ledger's."""
    with transaction(shop.engine) as connection:
        records = consent.of_subjects(connection, [person])[person]
        return len(registry.lock_by_id(connection, [person])), len(records)


def _expire(engine: Engine, shop: Shop) -> None:
    assert not expire_events(engine, shop.ctx, clock=now_us)


def test_whoever_said_yes_too_long_ago_is_forgotten_with_what_they_said(
    shop: Shop, store_workers: Engine, store_auditor: Engine
) -> None:
    people = [_past(shop, store_workers) for _ in range(3)]
    _expire(store_workers, shop)
    assert {_known(shop, each) for each in people} == {(0, 0)}
    with transaction(store_workers) as connection:
        assert expiry.in_all(connection)[expiry.CONSENT, 0] == (3, 0)
    with transaction(store_auditor) as connection:
        headers = connection.execute(text("select header from audit.entry")).scalars()
        (entry,) = [
            json.loads(each)["fields"] for each in headers if "event:consents-lapsed" in each
        ]
    assert (entry["people"], entry["records"]) == (3, 3)


def _came_back(shop: Shop, person: int) -> None:
    shop.live([shop.event(person, "Page Viewed", now_us() - DAY_US)])


def _is_restricted(shop: Shop, person: int) -> None:
    shop.set_state(person, registry.RESTRICTED)


def _objected(shop: Shop, person: int) -> None:
    with transaction(shop.engine) as connection:
        registry.lock_by_id(connection, [person], for_update=True)
        registry.set_objected(connection, person, 1)


def _waits_for_a_withdrawal(shop: Shop, person: int) -> None:
    with transaction(shop.engine) as connection:
        connection.execute(
            text(
                "insert into store.withdrawal (subject, asked_at, purpose) values (:id, now(), 1)"
            ),
            {"id": person},
        )


def _said_something_lately(shop: Shop, person: int) -> None:
    _say(shop, person, now_us() - (PROOF_DAYS - 1) * DAY_US, yes=False)


@pytest.mark.parametrize(
    "happened",
    [_came_back, _is_restricted, _objected, _waits_for_a_withdrawal, _said_something_lately],
)
def test_nobody_is_forgotten_of_whom_anything_else_is_known(
    shop: Shop,
    store_workers: Engine,
    happened: Callable[[Shop, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expire, "SUBJECTS", 1)  # who stays must not fill every portion
    person, other = _past(shop, store_workers), _past(shop, store_workers)
    happened(shop, person)
    before = _known(shop, person)
    _expire(store_workers, shop)
    assert _known(shop, person) == before
    assert _known(shop, other) == (0, 0)


def test_a_choice_is_proved_until_the_last_day_of_its_period(
    shop: Shop, store_workers: Engine
) -> None:
    just, not_yet = (
        _past(shop, store_workers, ago_us=PROOF_DAYS * DAY_US + VALID + days * DAY_US)
        for days in (1, -1)
    )
    _expire(store_workers, shop)
    assert (_known(shop, just), _known(shop, not_yet)) == ((0, 0), (1, 1))


def test_nobody_is_forgotten_while_somebody_writes_about_them(
    shop: Shop, store_workers: Engine
) -> None:
    person = _past(shop, store_workers)
    with transaction(shop.engine) as writer:
        registry.lock_by_id(writer, [person])
        _expire(store_workers, shop)
    assert _known(shop, person) == (1, 1)
    _expire(store_workers, shop)
    assert _known(shop, person) == (0, 0)


def test_the_workers_cannot_have_what_still_counts_forgotten(
    shop: Shop, store_workers: Engine
) -> None:
    person = _past(shop, store_workers, ago_us=100 * DAY_US)
    for days in (0, 1, 182):
        asked = text(f"select * from store.forget_lapsed(now() - interval '{days} days', 10)")
        with pytest.raises(StoreRefused), transaction(store_workers) as connection:
            connection.execute(asked)
    with pytest.raises(StoreRefused), transaction(store_workers) as connection:
        connection.execute(text("delete from store.consent_record"))
    assert _known(shop, person) == (1, 1)
