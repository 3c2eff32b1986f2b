"""Both lanes against PostgreSQL, as the run-time roles: same rows whatever happens in between."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from policies.ruleset import RuleSet
from tests.support.shop import DAY_US, Shop, with_retention
from workers.jobs.clock import now_us
from workers.jobs.drain import drain_all, drain_shard
from workers.store import dirty, erasure, facts, folding, lanes, registry
from workers.store.transactions import awaited, transaction

NAMES = ("Product Viewed", "Product Added", "Checkout Started", "Order Completed", "Page Viewed")
MINUTE_US = 60_000_000


@pytest.fixture
def shop(store_gateway: Engine) -> Shop:
    return Shop.open(store_gateway)


def _drain(engine: Engine, shop: Shop) -> None:
    assert not drain_all(engine, shop.ctx, clock=now_us)


@pytest.mark.parametrize("seed", range(6))
def test_any_mix_of_lanes_orders_and_repeats_equals_the_full_recomputation(
    shop: Shop, store_workers: Engine, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311
    people = [shop.person("personalisation") for _ in range(6)]
    start = now_us() - 40 * DAY_US
    history = [
        shop.event(
            dice.choice(people),
            dice.choice(NAMES),
            start + dice.choice([1, 30, 31, 600]) * MINUTE_US * dice.randrange(60),
            dice.choice([None, 100, 4990]),
        )
        for _ in range(150)
    ]
    deliveries = history + history[:50]
    dice.shuffle(deliveries)
    while deliveries:
        batch, deliveries = deliveries[:9], deliveries[9:]
        dice.choice([shop.live, shop.bulk])(batch)
        if dice.random() < 0.3:
            drain_shard(store_workers, shop.ctx, dice.randrange(4), clock=now_us)
    _drain(store_workers, shop)
    assert shop.states(people) == shop.recomputed(people)
    assert sum(state.events for state in shop.states(people).values()) == len(history)


@settings(max_examples=15)
@given(data=st.data())
def test_live_folds_one_event_at_a_time_in_any_order(shop: Shop, data: st.DataObject) -> None:
    subject = shop.person("personalisation")
    gaps = data.draw(st.lists(st.integers(0, 4_000), min_size=1, max_size=6))
    start = now_us() - DAY_US
    history = [shop.event(subject, "Product Viewed", start + gap * 1_000_000) for gap in gaps]
    for event in data.draw(st.permutations(history)):
        shop.live([event])
    assert shop.states([subject]) == shop.recomputed([subject])


def test_two_first_events_at_once_are_both_folded(shop: Shop) -> None:
    """Neither transaction sees a state to lock; the slower one must not overwrite the faster."""
    for _ in range(5):
        subject = shop.person("personalisation")
        events = [shop.event(subject, "Product Viewed", now_us() - n * MINUTE_US) for n in range(4)]
        threads = [threading.Thread(target=shop.live, args=([event],)) for event in events]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shop.states([subject])[subject].events == 4
        assert shop.states([subject]) == shop.recomputed([subject])


def test_a_purchase_is_in_a_segment_when_the_live_transaction_ends(shop: Shop) -> None:
    subject = shop.person("email_marketing", "personalisation")
    shop.live([shop.event(subject, "Product Added", now_us() - MINUTE_US)])
    assert "cart_abandoners" in shop.segments_of(subject)
    shop.live([shop.event(subject, "Order Completed", now_us(), 4990)])
    assert "cart_abandoners" not in shop.segments_of(subject)


def test_only_segments_whose_purpose_is_consented_now_are_joined(shop: Shop) -> None:
    now = now_us()
    unconsented = shop.person("personalisation")
    lapsed = shop.person("email_marketing", since_us=0, until_us=now - 1)
    for subject in (unconsented, lapsed):
        shop.live([shop.event(subject, "Product Added", now - MINUTE_US)])
        assert "cart_abandoners" not in shop.segments_of(subject)


def test_an_objection_ends_the_memberships_of_its_purpose(shop: Shop) -> None:
    subject = shop.person("email_marketing", "personalisation")
    shop.live([shop.event(subject, "Product Added", now_us())])
    before = shop.segments_of(subject)
    with transaction(shop.engine) as connection:
        mask = 1 << (shop.ctx.purposes["email_marketing"] - 1)
        registry.set_objected(connection, subject, mask)
        lanes.reassess(connection, shop.ctx, [subject], now_us())
    assert before - shop.segments_of(subject) == {"cart_abandoners"}


def test_a_withdrawal_removes_memberships_in_its_own_transaction(shop: Shop) -> None:
    subject = shop.person("email_marketing", "personalisation")
    shop.live([shop.event(subject, "Product Added", now_us())])
    with transaction(shop.engine) as connection:
        purposes = [shop.ctx.purposes["email_marketing"]]
        assert lanes.drop_memberships(connection, [subject], purposes) == 1
    assert shop.segments_of(subject) == {"newcomers"}


def test_the_drain_leaves_nothing_behind_and_joins_segments(
    shop: Shop, store_workers: Engine
) -> None:
    people = [shop.person("email_marketing") for _ in range(9)]
    shop.bulk([shop.event(person, "Product Added", now_us()) for person in people])
    assert shop.states(people) == {}
    _drain(store_workers, shop)
    assert all("cart_abandoners" in shop.segments_of(person) for person in people)
    with transaction(store_workers) as connection:
        assert dirty.behind(connection)[0] == 0


def test_the_events_of_an_erased_subject_are_not_folded(shop: Shop, store_workers: Engine) -> None:
    gone, here = shop.person("personalisation"), shop.person("personalisation")
    shop.bulk([shop.event(person, "Product Viewed", now_us()) for person in (gone, here)])
    with transaction(shop.engine) as connection:
        erasure.erase(connection, [gone])
    _drain(store_workers, shop)
    assert set(shop.states([gone, here])) == {here}
    with transaction(shop.engine) as connection:
        assert not any(erasure.remaining(connection, [gone]).values())


def test_a_restricted_subject_is_not_computed_until_the_restriction_ends(
    shop: Shop, store_workers: Engine
) -> None:
    subject = shop.person("email_marketing")
    shop.bulk([shop.event(subject, "Product Added", now_us())])
    shop.set_state(subject, registry.RESTRICTED)
    _drain(store_workers, shop)
    assert shop.states([subject]) == {}
    shop.set_state(subject, registry.ALIVE)
    with transaction(shop.engine) as connection:
        lanes.resume(connection, shop.ctx, [subject], now_us())
    _drain(store_workers, shop)
    assert "cart_abandoners" in shop.segments_of(subject)


def test_a_second_drain_of_a_shard_finds_it_taken(shop: Shop, store_workers: Engine) -> None:
    subject = shop.person("personalisation")
    shop.bulk([shop.event(subject, "Product Viewed", now_us())])
    shard = subject % dirty.SHARDS
    with transaction(store_workers) as first:
        drained = lanes.drain(first, shop.ctx, [shard], limit=10, now_us=now_us())
        assert drained == (1, False)
        with transaction(store_workers) as second:
            assert lanes.drain(second, shop.ctx, [shard], limit=10, now_us=now_us()) is None


def test_a_portion_says_whether_somebody_waits_for_it(shop: Shop, store_workers: Engine) -> None:
    one, other = shop.person("personalisation"), shop.person("personalisation")
    shop.bulk([shop.event(one, "Product Viewed", now_us())])

    def live(subject: int) -> None:
        shop.live([shop.event(subject, "Product Viewed", now_us())])

    def portion() -> lanes.Drained | None:
        shard = one % dirty.SHARDS
        return lanes.drain(connection, shop.ctx, [shard], limit=10, now_us=now_us())

    with transaction(store_workers) as connection:  # the first state is a row to wait for
        assert portion() == (1, False)
    shop.bulk([shop.event(one, "Product Viewed", now_us())])
    live(other)  # somebody else, who has nothing to wait for
    thread = threading.Thread(target=live, args=(one,))
    with transaction(store_workers) as connection:
        folding.hold(connection, shop.ctx, [one], now_us())
        thread.start()
        while not awaited(connection):
            time.sleep(0.01)
        assert portion() == (1, True)
    thread.join()
    assert shop.states([one])[one].events == 3


def test_a_drain_that_breaks_off_leaves_its_slice_for_the_next(
    shop: Shop, store_workers: Engine
) -> None:
    subject = shop.person("personalisation")
    shop.bulk([shop.event(subject, "Product Viewed", now_us())])

    def break_off() -> None:
        with transaction(store_workers) as connection:
            lanes.drain(connection, shop.ctx, [subject % dirty.SHARDS], limit=9, now_us=now_us())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert shop.states([subject]) == {}
    _drain(store_workers, shop)
    assert shop.states([subject])[subject].events == 1


@pytest.mark.parametrize("seed", range(3))
def test_nobody_comes_back_whatever_interleaves(
    shop: Shop, store_workers: Engine, seed: int
) -> None:
    """Live, bulk, drain and refold run beside erasures of the same people."""
    dice = random.Random(seed)  # noqa: S311
    people = [shop.person("personalisation", "email_marketing") for _ in range(8)]
    gone = people[:4]

    def ingest() -> None:
        for _ in range(25):
            at_us = now_us() - dice.randrange(DAY_US)
            shop.live_or_bulk(dice.choice(people), at_us, live=dice.random() < 0.5)

    def drain() -> None:
        for _ in range(10):
            drain_all(store_workers, shop.ctx, clock=now_us)

    def erase() -> None:
        for person in gone:
            with transaction(shop.engine) as connection:
                registry.lock_by_id(connection, [person], for_update=True)
                erasure.erase(connection, [person])

    threads = [threading.Thread(target=each) for each in (ingest, drain, erase)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _drain(store_workers, shop)
    with transaction(shop.engine) as connection:
        assert not any(erasure.remaining(connection, gone).values())
    left = people[4:]
    assert shop.states(left) == shop.recomputed(left)


def _moved(rules: RuleSet) -> RuleSet:
    """Give *rules* with the steps the other way round, and one of them gone."""
    kept = [key for key in reversed(rules.step_rules) if key != "service"]
    events = {
        name: replace(rule, step=rule.step if rule.step in kept else None, click=not rule.click)
        for name, rule in rules.events.items()
    }
    steps = {key: rules.step_rules[key] for key in kept}
    return replace(rules, step_rules=steps, events=events, hash="e" * 64)


@pytest.mark.parametrize("bulk", [False, True])
def test_a_state_counted_by_other_rules_is_never_carried_on(
    shop: Shop, store_workers: Engine, *, bulk: bool
) -> None:
    people = [shop.person("personalisation") for _ in range(3)]
    begin = now_us() - 3 * DAY_US
    for at, name in enumerate(("Product Viewed", "Order Completed", "Product Added")):
        shop.live([shop.event(each, name, begin + at * MINUTE_US, 900) for each in people])
    before = shop.states(people)
    shop.ctx = Shop.open(shop.engine, _moved(shop.ctx.rules)).ctx
    asked = shop.states(people)  # whoever only reads is told the truth, too
    assert asked == shop.recomputed(people) != before
    news = [shop.event(people[0], "Product Viewed", begin + 9 * MINUTE_US)]
    late = [shop.event(people[1], "Product Viewed", begin - MINUTE_US)]
    (shop.bulk if bulk else shop.live)(news + late)
    _drain(store_workers, shop)
    assert shop.states(people) == shop.recomputed(people)
    assert [each.events for each in shop.states(people).values()] == [4, 4, 3]


def test_rules_that_fold_alike_leave_the_states(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = shop.person("personalisation")
    shop.live([shop.event(subject, "Product Viewed", now_us())])
    rules = with_retention(shop.ctx.rules, {"personalisation": timedelta(days=3)})
    ctx = Shop.open(shop.engine, rules).ctx
    read = []
    monkeypatch.setattr(facts, "of_subjects", lambda *asked: read.append(asked))
    with transaction(shop.engine) as connection:
        assert folding.read(connection, ctx, [subject])[subject].events == 1
    assert not read
