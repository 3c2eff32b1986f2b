"""A slice of a refresh counts while nobody is held, and takes nobody's events back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.support.shop import DAY_US, Shop
from tests.support.store_rows import impatient
from workers.jobs.clock import as_us, now_us
from workers.jobs.refresh import refresh
from workers.jobs.withdraw import FOREVER_US
from workers.store import erasure, folding, lanes, memberships, registry, snapshots, taking
from workers.store.taking import Asked
from workers.store.transactions import transaction

AS_OF = datetime.now(UTC) - timedelta(hours=1)
BEFORE, AFTER = as_us(AS_OF) - DAY_US, as_us(AS_OF) + 1


@pytest.fixture
def shop(store_gateway: Engine) -> Shop:
    return Shop.open(store_gateway)


class Case:
    """One way to have a history read: all of them, what other rules counted, what is forgotten."""

    def __init__(self, name: str, shop: Shop) -> None:
        self.shop, self.full = shop, name == "full"
        self.ctx = shop.ctx
        if name == "other rules":
            self.ctx = replace(shop.ctx, way=b"else")
        if name == "no last events":
            with transaction(shop.engine) as connection:
                connection.execute(text("update store.state set recent = substring(recent for 4)"))

    def refresh(self, workers: Engine) -> None:
        refresh(workers, self.ctx, as_of=AS_OF, full=self.full)


CASES = ["full", "other rules", "no last events"]


@pytest.mark.parametrize("case", CASES)
def test_nobody_waits_while_histories_are_read(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    subject = shop.person("email_marketing")
    shop.live([shop.event(subject, "Page Viewed", BEFORE)])
    shop.live([shop.event(subject, "Product Added", now_us())])
    refresh(store_workers, shop.ctx, as_of=AS_OF - timedelta(hours=2), full=True)
    read, met = folding.of_stored, []

    def of_stored(*asked: Any, **options: Any) -> folding.States:
        if asked[2]:
            with impatient(shop.engine) as connection:
                met.append(registry.lock_by_id(connection, asked[2], for_update=True).keys())
                folding.state.hold(connection, asked[2])
        return read(*asked, **options)

    found = Case(case, shop)
    monkeypatch.setattr(folding, "of_stored", of_stored)
    found.refresh(store_workers)
    assert {subject} in met
    assert shop.segments_of(subject) >= {"cart_abandoners"}


@pytest.mark.parametrize("case", ["incremental", *CASES])
@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_what_comes_while_a_slice_is_counted_stays(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch, case: str, *, known: bool
) -> None:
    """A late event and one after the instant of the run, of somebody known or of whom nothing was.

    Consent that was just given has both looked at.
    """
    one, other = (shop.person("email_marketing", since_us=now_us()) for _ in range(2))
    sent = [shop.event(each, "Page Viewed", BEFORE) for each in ([one] if known else [])]
    shop.live([*sent, shop.event(other, "Product Added", AFTER)])
    refresh(store_workers, shop.ctx, as_of=AS_OF - timedelta(hours=2), full=True)
    bought = shop.event(one, "Order Completed", BEFORE - 40 * DAY_US, 4_990)
    events = [bought, shop.event(one, "Product Added", now_us())]
    found = Case(case, shop)
    _meanwhile(monkeypatch, lambda: shop.live(events))
    found.refresh(store_workers)
    assert "cart_abandoners" in shop.segments_of(one) & shop.segments_of(other)
    with transaction(shop.engine) as connection:
        assert folding.read(connection, found.ctx, [one, other]) == shop.recomputed([one, other])
        row = snapshots.of_subjects(connection, [one])[one]
        keys = snapshots.keys_of(connection, row.feature_set)
    assert dict(zip(keys, row.values, strict=True))["purchase_recency_days"] == pytest.approx(41)


@pytest.mark.parametrize("case", ["incremental", *CASES])
def test_whoever_is_erased_while_a_slice_is_counted_stays_so(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    one, other = shop.person("email_marketing"), shop.person("email_marketing")
    shop.live([shop.event(each, "Product Added", AFTER) for each in (one, other)])
    refresh(store_workers, shop.ctx, as_of=AS_OF - timedelta(hours=2), full=True)
    found = Case(case, shop)

    def erase() -> None:
        with transaction(shop.engine) as connection:
            erasure.erase(connection, [one])

    _meanwhile(monkeypatch, erase)
    found.refresh(store_workers)
    assert "cart_abandoners" in shop.segments_of(other)
    with transaction(shop.engine) as connection:
        assert set(erasure.remaining(connection, [one]).values()) == {0}


def test_where_there_never_was_a_state_the_first_one_waits_for_the_slice(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no row of theirs to hold."""
    one = shop.person("email_marketing", since_us=now_us())
    refresh(store_workers, shop.ctx, as_of=AS_OF - timedelta(hours=2), full=True)
    asked = list[str]()

    def ask() -> None:
        with impatient(shop.engine) as connection:
            statement = "select id from store.subject where id = :one for share skip locked"
            asked.extend(map(str, connection.execute(text(statement), {"one": one})))

    _before_settling(monkeypatch, ask)
    refresh(store_workers, shop.ctx, as_of=AS_OF)
    assert asked == []


def test_who_lost_all_events_while_a_slice_was_counted_is_left_to_who_comes_next(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of theirs is held, so what somebody writes of them meanwhile has to stay."""
    one = shop.person("email_marketing")
    shop.live([shop.event(one, "Product Added", AFTER)])
    refresh(store_workers, shop.ctx, as_of=AS_OF - timedelta(hours=2), full=True)

    def lose() -> None:
        _forget(store_workers, shop, one)
        _before_settling(monkeypatch, lambda: shop.live([shop.event(one, "Product Added", AFTER)]))

    _meanwhile(monkeypatch, lose)
    refresh(store_workers, shop.ctx, as_of=AS_OF)
    assert "cart_abandoners" in shop.segments_of(one)


@pytest.mark.parametrize("known", [True, False], ids=["folded", "not folded yet"])
def test_an_event_withdrawn_while_a_slice_is_counted_comes_back_in_nothing(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    one, other = shop.person("email_marketing"), shop.person("email_marketing")
    (shop.live if known else shop.bulk)([shop.event(one, "Product Added", BEFORE)])
    shop.live([shop.event(other, "Product Added", BEFORE)])
    _meanwhile(monkeypatch, lambda: _forget(store_workers, shop, one))
    refresh(store_workers, shop.ctx, as_of=AS_OF, full=True)
    assert "cart_abandoners" in shop.segments_of(other)
    assert (shop.states([one]), shop.segments_of(one)) == ({}, set())
    with transaction(shop.engine) as connection:
        assert snapshots.of_subjects(connection, [one]) == {}


def _forget(workers: Engine, shop: Shop, subject: int) -> None:
    """Take all events of *subject*, as their noes have it."""
    with transaction(workers) as connection:
        rows = registry.lock_by_id(connection, [subject], for_update=True)
        every = sum(1 << number - 1 for number in shop.ctx.purposes.values())
        (taken,) = taking.take(connection, [Asked(1, subject, every, FOREVER_US)], 100)
        assert taken.deleted == 1
        lanes.shrunk(connection, shop.ctx, list(rows.values()), now_us())


def _before_settling(monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Do something once, after a slice holds everybody it will."""
    settled, done = memberships.settle, list[bool]()

    def settle(*args: Any, **options: Any) -> int:
        if not done:
            done.append(True)
            do()
        return settled(*args, **options)

    monkeypatch.setattr(memberships, "settle", settle)


def _meanwhile(monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Do something once, after a slice has counted and before it holds anybody."""
    counted, done = folding.look_ahead, list[bool]()

    def look_ahead(*asked: Any, **options: Any) -> folding.Ahead:
        ahead = counted(*asked, **options)
        if not done:
            done.append(True)
            do()
        return ahead

    monkeypatch.setattr(folding, "look_ahead", look_ahead)
