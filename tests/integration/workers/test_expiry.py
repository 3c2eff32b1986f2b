"""Expiry deletes what no purpose needs any more, and leaves states as if it had never been."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, text

from tests.support.shop import DAY_US, Shop, with_retention
from workers.jobs.clock import now_us
from workers.jobs.expire import expire_events
from workers.jobs.refresh import refresh
from workers.store import expiry, registry
from workers.store.transactions import transaction

PERIODS = {
    "personalisation": timedelta(days=30),
    "email_marketing": timedelta(days=60),
    "advertising": timedelta(days=10),
}


def _shop(engine: Engine) -> Shop:
    return Shop.open(engine, with_retention(Shop.open(engine).ctx.rules, PERIODS))


def _ages(engine: Engine, subject: int) -> list[int]:
    with transaction(engine) as connection:
        rows = connection.execute(
            text("select mid from store.event where subject = :subject order by mid"),
            {"subject": subject},
        )
        return [row.mid for row in rows]


def _expire(engine: Engine, shop: Shop) -> None:
    assert not expire_events(engine, shop.ctx, clock=now_us)


def test_an_event_goes_with_the_longest_period_of_its_purposes(
    store_gateway: Engine, store_workers: Engine
) -> None:
    shop = _shop(store_gateway)
    subject = shop.person("personalisation", "email_marketing")
    ages = [1, 20, 45, 61, 90]
    sent = [shop.event(subject, "Product Viewed", now_us() - age * DAY_US) for age in ages]
    shop.live(sent)
    _expire(store_workers, shop)
    assert _ages(store_workers, subject) == [each.mid for each in sent[:3]]
    assert shop.states([subject]) == shop.recomputed([subject])


def test_who_has_no_event_left_has_no_state_no_snapshot_and_no_membership(
    store_gateway: Engine, store_workers: Engine
) -> None:
    shop = _shop(store_gateway)
    subject = shop.person("email_marketing", "personalisation")
    old = now_us() - 70 * DAY_US
    shop.live([shop.event(subject, "Order Completed", old, 4_990)], at_us=old)
    refresh(store_workers, shop.ctx, full=True)
    _expire(store_workers, shop)
    assert shop.states([subject]) == {}
    assert shop.segments_of(subject) == set()
    with transaction(store_workers) as connection:
        assert connection.execute(text("select count(*) from store.feature_snapshot")).scalar() == 0


def test_restricted_subjects_keep_what_they_may_need(
    store_gateway: Engine, store_workers: Engine
) -> None:
    shop = _shop(store_gateway)
    subject = shop.person("personalisation")
    shop.live([shop.event(subject, "Product Viewed", now_us() - 90 * DAY_US)])
    shop.set_state(subject, registry.RESTRICTED)
    _expire(store_workers, shop)
    assert len(_ages(store_workers, subject)) == 1


def test_expiry_is_alone_with_a_subject(store_gateway: Engine, store_workers: Engine) -> None:
    """A drain that has read an event which expires would fold it back in."""
    shop = _shop(store_gateway)
    subject = shop.person("personalisation")
    shop.live([shop.event(subject, "Page Viewed", now_us() - 80 * DAY_US)])
    with ThreadPoolExecutor(1) as pool:
        with transaction(store_gateway) as other:
            registry.lock_by_id(other, [subject])
            expiring = pool.submit(_expire, store_workers, shop)
            wait([expiring], timeout=0.5)
            assert not expiring.done()
            assert len(_ages(store_gateway, subject)) == 1
        expiring.result(timeout=30)
    assert _ages(store_workers, subject) == []


def test_each_batch_is_in_the_audit_log_with_its_count(
    store_gateway: Engine, store_workers: Engine, store_auditor: Engine
) -> None:
    shop = _shop(store_gateway)
    subject = shop.person("personalisation")
    shop.live([shop.event(subject, "Page Viewed", now_us() - 80 * DAY_US) for _ in range(7)])
    _expire(store_workers, shop)
    with transaction(store_auditor) as connection:
        headers = connection.execute(text("select header from audit.entry order by seq")).scalars()
        entries = [json.loads(each)["fields"] for each in headers if "event:expired" in each]
    # Past the periods of two purposes it loses them; past that of the third it goes.
    assert [(each["count"], each["narrowed"]) for each in entries] == [(0, 7), (0, 7), (7, 0)]


def test_an_event_loses_a_purpose_at_the_end_of_its_period_and_keeps_the_others(
    store_gateway: Engine, store_workers: Engine
) -> None:
    shop = _shop(store_gateway)
    subject = shop.person("personalisation", "email_marketing", "advertising")
    ages = {5: 3, 20: 2, 45: 1}  # in days, and how many of the three purposes are left
    sent = [shop.event(subject, "Product Viewed", now_us() - age * DAY_US) for age in ages]
    shop.live(sent)
    _expire(store_workers, shop)
    with transaction(store_workers) as connection:
        masks = connection.execute(text("select purposes from store.event order by mid")).scalars()
        assert [mask.bit_count() for mask in masks] == list(ages.values())
        told = {
            each.purposes: (each.deleted, each.narrowed)
            for each in expiry.last_runs(connection).values()
            if each.kept == expiry.EVENT
        }
    bit = {key: 1 << (number - 1) for key, number in shop.ctx.purposes.items()}
    undeclared = expiry.ANY_PURPOSE & ~sum(bit.values())
    assert told == {
        bit["advertising"] | undeclared: (0, 2),
        bit["personalisation"]: (0, 1),
        bit["email_marketing"]: (0, 0),
        bit["audience_measurement"]: (0, 0),
    }


def test_purposes_go_by_their_period_and_undeclared_ones_with_the_shortest(
    store_gateway: Engine,
) -> None:
    shop = _shop(store_gateway)
    now = 1_000 * DAY_US
    bit = {key: 1 << (number - 1) for key, number in shop.ctx.purposes.items()}
    undeclared = expiry.ANY_PURPOSE & ~sum(bit.values())
    assert [(bits, (now - before) // DAY_US) for bits, before in expiry.periods(shop.ctx, now)] == [
        (bit["advertising"] | undeclared, 10),
        (bit["personalisation"], 30),
        (bit["email_marketing"], 60),
        (bit["audience_measurement"], 761),
    ]


def test_a_rulebook_without_purposes_expires_nothing(
    store_gateway: Engine, store_workers: Engine
) -> None:
    shop = _shop(store_gateway)
    subject = shop.person("personalisation")
    shop.live([shop.event(subject, "Page Viewed", now_us() - 900 * DAY_US)])
    rules = replace(shop.ctx.rules, purposes={})
    assert not expire_events(store_workers, replace(shop.ctx, rules=rules), clock=now_us)
    assert len(_ages(store_workers, subject)) == 1


def test_a_run_that_was_stopped_is_gone_on_with(
    store_gateway: Engine, store_workers: Engine
) -> None:
    shop = _shop(store_gateway)
    assert expire_events(store_workers, shop.ctx, clock=now_us, until=lambda: True)
    _expire(store_workers, shop)
    with transaction(store_workers) as connection:
        rows = connection.execute(text("select kept, finished_at from store.retention_run")).all()
    assert sorted(row.kept for row in rows) == [
        "batch",
        "consent_record",
        *["event"] * 4,
        "quarantine",
    ]
    assert all(row.finished_at is not None for row in rows)


def test_a_batch_goes_when_no_event_of_it_can_be_left(
    store_gateway: Engine, store_workers: Engine
) -> None:
    shop = _shop(store_gateway)
    with transaction(store_gateway) as connection:
        for days in (59, 700, 800):  # the longest period is 25 months
            connection.execute(
                text(
                    "insert into store.batch (received_at, rulebook, events, lane)"
                    " values (now() - make_interval(days => :days), :rulebook, 1, 0)"
                ),
                {"days": days, "rulebook": shop.ctx.rulebook},
            )
    _expire(store_workers, shop)
    with transaction(store_workers) as connection:
        left = connection.execute(
            text("select count(*) from store.batch where received_at < now() - interval '1 day'")
        )
        assert left.scalar_one() == 2
