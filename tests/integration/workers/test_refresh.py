"""Refreshing: full, incremental and interrupted runs leave the same rows."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.support.shop import DAY_US, Sent, Shop, slices_of
from workers.jobs.clock import as_us, now_us
from workers.jobs.refresh import Refreshed, refresh
from workers.store import folding, lanes, registry, segments, sizes, snapshots
from workers.store.transactions import transaction

NAMES = ("Product Viewed", "Product Added", "Order Completed", "Page Viewed")
NOW = datetime.now(UTC)
HOUR_US = 3_600_000_000


@pytest.fixture
def shop(store_gateway: Engine) -> Shop:
    return Shop.open(store_gateway)


def _history(shop: Shop, people: list[int], days: int, count: int, seed: int = 1) -> list[Sent]:
    dice = random.Random(seed)  # noqa: S311
    return [
        shop.event(
            dice.choice(people),
            dice.choice(NAMES),
            now_us() - dice.randrange(days * DAY_US),
            dice.choice([None, 2_500]),
        )
        for _ in range(count)
    ]


def _rows(engine: Engine) -> list[tuple[object, ...]]:
    """Give all that a refresh writes, without the instants it wrote at."""
    with transaction(engine) as connection:
        found = connection.execute(
            text("select subject, values::text from store.feature_snapshot order by subject")
        ).all()
        found += connection.execute(
            text("select subject, segment from store.membership order by 1, 2")
        ).all()
    return [tuple(row) for row in found]


def _values(shop: Shop, subject: int) -> dict[str, float | None]:
    with transaction(shop.engine) as connection:
        row = snapshots.of_subjects(connection, [subject])[subject]
        return dict(zip(snapshots.keys_of(connection, row.feature_set), row.values, strict=True))


def test_a_full_refresh_recomputes_states_that_are_wrong(shop: Shop, store_workers: Engine) -> None:
    people = [shop.person("personalisation") for _ in range(5)]
    shop.live(_history(shop, people, 60, 60))
    with transaction(shop.engine) as connection:
        connection.execute(text("update store.state set events = 999, sessions = 1"))
    done = refresh(store_workers, shop.ctx, full=True)
    assert (done.full, done.finished, done.subjects) == (True, True, 5)
    assert shop.states(people) == shop.recomputed(people)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("known", [True, False])
def test_an_event_folded_in_the_middle_of_a_refresh_keeps_its_memberships(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch, *, full: bool, known: bool
) -> None:
    subject = shop.person("email_marketing", "personalisation")
    day_ago = now_us() - DAY_US
    if known:
        shop.live([shop.event(subject, "Page Viewed", day_ago)])
    else:  # registered, and nothing heard of since; the first refresh looks at everybody
        shop.live([shop.event(shop.person("personalisation"), "Page Viewed", day_ago)])
    added = shop.event(subject, "Product Added", now_us() - 3 * HOUR_US)
    meanwhile = threading.Thread(target=shop.live, args=([added],))
    write: Callable[..., int] = snapshots.upsert

    def interrupted(*args: Any, **more: Any) -> int:
        if not meanwhile.ident:
            meanwhile.start()
            meanwhile.join(0.5)  # what has to wait for the refresh cannot end before it
        return write(*args, **more)

    monkeypatch.setattr(snapshots, "upsert", interrupted)
    refresh(store_workers, shop.ctx, full=full)
    meanwhile.join(10)
    assert "cart_abandoners" in shop.segments_of(subject)


def test_a_refresh_as_of_an_instant_sees_nothing_later(shop: Shop, store_workers: Engine) -> None:
    subject, later = shop.person("personalisation"), shop.person("personalisation")
    as_of = NOW - timedelta(days=10)
    shop.live(
        [
            shop.event(subject, "Order Completed", as_us(as_of - timedelta(days=3)), 4_990),
            shop.event(subject, "Order Completed", as_us(as_of + timedelta(days=1)), 100),
            shop.event(later, "Order Completed", as_us(as_of + timedelta(days=1)), 100),
        ]
    )
    refresh(store_workers, shop.ctx, as_of=as_of, full=True)
    found = _values(shop, subject)
    assert (found["recency_days"], found["purchases"], found["monetary_value"]) == (3.0, 1.0, 4_990)
    with transaction(shop.engine) as connection:
        assert later not in snapshots.of_subjects(connection, [later])
    assert shop.segments_of(later) == set()


@pytest.mark.parametrize("full", [False, True])
def test_whoever_comes_back_after_the_instant_stays_in_the_segments_that_gave(
    shop: Shop, store_workers: Engine, *, full: bool
) -> None:
    """A refresh takes a while, and people go on: its instant is older than what they are in."""
    known, new = shop.person("email_marketing"), shop.person("email_marketing")
    as_of = datetime.now(UTC) - timedelta(hours=1)
    shop.live([shop.event(known, "Page Viewed", as_us(as_of) - DAY_US)])
    refresh(store_workers, shop.ctx, as_of=as_of - timedelta(hours=2), full=True)
    shop.live([shop.event(each, "Product Added", now_us()) for each in (known, new)])
    refresh(store_workers, shop.ctx, as_of=as_of, full=full)
    for each in (known, new):
        assert "cart_abandoners" in shop.segments_of(each)
    assert _values(shop, known)["age_days"] == pytest.approx(1.0)


def test_who_came_back_lately_is_recorded_as_of_the_instant_without_their_history(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, new = shop.person("email_marketing"), shop.person("email_marketing")
    as_of = datetime.now(UTC) - timedelta(minutes=1)
    shop.live([shop.event(back, "Page Viewed", as_us(as_of) - n * DAY_US) for n in (1, 2)])
    refresh(store_workers, shop.ctx, as_of=as_of - timedelta(hours=2), full=True)
    shop.live([shop.event(each, "Product Added", now_us() - each) for each in (back, new)])
    read, wanted = folding.of_stored, list[int]()

    def of_stored(*asked: Any, **options: Any) -> folding.States:
        wanted.extend(asked[2])
        return read(*asked, **options)

    monkeypatch.setattr(folding, "of_stored", of_stored)
    refresh(store_workers, shop.ctx, as_of=as_of)
    assert wanted == []
    incremental = _rows(store_workers)
    refresh(store_workers, shop.ctx, as_of=as_of, full=True)
    assert _rows(store_workers) == incremental


def test_an_interrupted_refresh_goes_on_where_it_stopped(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices_of(4, monkeypatch)
    people = [shop.person("personalisation") for _ in range(10)]
    shop.live([shop.event(each, "Product Viewed", now_us() - DAY_US) for each in people])
    steps: list[tuple[int, int]] = []
    first = refresh(
        store_workers, shop.ctx, as_of=NOW, full=True,
        progress=lambda done, total: steps.append((done, total)), until=lambda: len(steps) == 2,
    )  # fmt: skip
    assert (first.finished, steps) == (False, [(4, 10), (8, 10)])
    second = refresh(store_workers, shop.ctx, as_of=NOW, full=True)
    assert (second.finished, second.subjects) == (True, 2)
    assert len([row for row in _rows(store_workers) if isinstance(row[1], str)]) == 10


def test_an_incremental_refresh_after_anything_equals_a_full_one(
    shop: Shop, store_workers: Engine
) -> None:
    """Days pass, people return, consents end: looking at the due ones only misses nobody."""
    people = [shop.person("personalisation", "email_marketing") for _ in range(25)]
    people += [shop.person("email_marketing", until_us=now_us() + day * DAY_US) for day in range(5)]
    shop.live(_history(shop, people, 100, 300))
    refresh(store_workers, shop.ctx, as_of=NOW, full=True)
    at = NOW
    looked_at = []
    for step in (timedelta(hours=2), timedelta(days=1), timedelta(days=7), timedelta(days=40)):
        at += step
        late = [shop.event(people[0], "Order Completed", as_us(at) - DAY_US, 10_000)]
        shop.live(late)
        done = refresh(store_workers, shop.ctx, as_of=at)
        looked_at.append(done.subjects)
        memberships = [row for row in _rows(store_workers) if not isinstance(row[1], str)]
        windows = _windowed(shop, people)
        refresh(store_workers, shop.ctx, as_of=at, full=True)
        assert [row for row in _rows(store_workers) if not isinstance(row[1], str)] == memberships
        assert _windowed(shop, people) == windows
    assert not done.full


def _windowed(shop: Shop, people: list[int]) -> list[dict[str, float | None]]:
    """Give the values that do not grow with the clock alone."""
    growing = {"recency_days", "purchase_recency_days", "age_days", "frequency"}
    with transaction(shop.engine) as connection:
        held = set(snapshots.of_subjects(connection, people))
    return [
        {key: value for key, value in _values(shop, each).items() if key not in growing}
        for each in people
        if each in held
    ]


def test_a_quiet_refresh_looks_at_nobody_and_writes_nothing(
    shop: Shop, store_workers: Engine
) -> None:
    people = [shop.person("personalisation", since_us=1) for _ in range(5)]
    old = now_us() - 20 * DAY_US
    shop.live([shop.event(each, "Product Viewed", old) for each in people], at_us=old)
    refresh(store_workers, shop.ctx, full=True)
    with transaction(store_workers) as connection:
        connection.execute(text("update store.state set folded_at = folded_at - interval '1 hour'"))
    assert refresh(store_workers, shop.ctx) == Refreshed(
        as_of=pytest.approx(datetime.now(UTC), abs=timedelta(minutes=1)),
        full=False, subjects=0, snapshots=0, memberships=0, finished=True,
    )  # fmt: skip


def test_consent_is_judged_now_whatever_the_instant_of_the_features(
    shop: Shop, store_workers: Engine
) -> None:
    as_of = NOW - timedelta(days=10)
    over = shop.person("email_marketing", until_us=as_us(NOW - timedelta(days=1)))
    shop.live([shop.event(over, "Product Added", as_us(as_of - timedelta(days=1)))], at_us=1)
    refresh(store_workers, shop.ctx, as_of=as_of, full=True)
    assert shop.segments_of(over) == set()


def test_sizes_count_members_among_those_whose_consent_admits_them(
    shop: Shop, store_workers: Engine
) -> None:
    buyers = [shop.person("email_marketing") for _ in range(3)]
    others = [shop.person("email_marketing") for _ in range(4)]
    refused, hidden = shop.person("personalisation"), shop.person("email_marketing")
    everybody = [*buyers, *others, refused, hidden]
    shop.live([shop.event(each, "Product Viewed", now_us() - DAY_US) for each in everybody])
    shop.live([shop.event(each, "Product Added", now_us()) for each in [*buyers, hidden]])
    shop.set_state(hidden, registry.RESTRICTED)
    refresh(store_workers, shop.ctx, full=True)
    with transaction(store_workers) as connection:
        size = segments.sizes(connection)[shop.ctx.segments["cart_abandoners"]]
    assert (size.members, size.population) == (3, 7)


def test_an_objection_leaves_the_population_whatever_the_purpose_rests_on(
    shop: Shop, store_workers: Engine
) -> None:
    shop.person("email_marketing"), shop.person("personalisation"), shop.person()
    objector = shop.person("email_marketing", "personalisation")
    number, segment = shop.ctx.purposes["email_marketing"], shop.ctx.segments["cart_abandoners"]
    with transaction(shop.engine) as connection:
        registry.lock_by_id(connection, [objector], for_update=True)
        registry.set_objected(connection, objector, 1 << (number - 1))
    counted = []
    for free in ([], [number]):
        with transaction(store_workers) as connection:
            asked = [(segment, number, shop.ctx.domains["marketing"])]
            sizes.count(connection, asked, without_consent=free, now_us=now_us())
            counted.append(segments.sizes(connection)[segment].population)
    assert counted == [1, 3]


def _without(shop: Shop, *names: str, hash_: str = "e" * 64) -> Shop:
    """Open the shop by a rulebook that lacks some segments."""
    kept = {key: rule for key, rule in shop.ctx.rules.segments.items() if key not in names}
    return Shop.open(shop.engine, replace(shop.ctx.rules, segments=kept, hash=hash_))


def test_another_rulebook_makes_the_next_refresh_look_at_everybody(
    shop: Shop, store_workers: Engine
) -> None:
    subject = shop.person("email_marketing")
    shop.live([shop.event(subject, "Product Added", now_us())])
    refresh(store_workers, shop.ctx)
    other = _without(shop, "cart_abandoners")
    assert shop.segments_of(subject) == {"cart_abandoners"}
    done = refresh(store_workers, other.ctx)
    assert (done.full, done.subjects) == (False, 1)
    assert shop.segments_of(subject) == set()


def test_what_a_rulebook_left_that_was_in_force_for_half_a_refresh_is_undone(
    shop: Shop, store_workers: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [shop.person("email_marketing") for _ in range(2)]
    for each in people:
        shop.live([shop.event(each, "Product Added", now_us())])
    refresh(store_workers, shop.ctx)
    with transaction(store_workers) as connection:
        connection.execute(text("update store.state set folded_at = folded_at - interval '1 hour'"))
    slices_of(1, monkeypatch)
    other = _without(shop, "cart_abandoners")
    refresh(store_workers, other.ctx, until=lambda: shop.segments_of(people[0]) == set())
    assert [shop.segments_of(each) for each in people] == [set(), {"cart_abandoners"}]
    refresh(store_workers, shop.ctx)
    assert [shop.segments_of(each) for each in people] == [{"cart_abandoners"}] * 2


def test_a_state_counted_by_other_rules_is_counted_anew_and_kept(
    shop: Shop, store_workers: Engine
) -> None:
    subject = shop.person("email_marketing")
    shop.live([shop.event(subject, "Product Added", now_us())])
    refresh(store_workers, shop.ctx)
    with transaction(store_workers) as connection:
        connection.execute(
            text("update store.state set events = 9, recent = 'none'::bytea || substr(recent, 5)")
        )
    refresh(store_workers, _without(shop, "cart_abandoners").ctx)
    with transaction(store_workers) as connection:
        stored = connection.execute(text("select events, recent from store.state")).one()
    assert (stored.events, bytes(stored.recent[:4])) == (1, shop.ctx.way)


def test_consent_given_after_the_events_joins_segments_at_once(shop: Shop) -> None:
    subject = shop.person()
    shop.live([shop.event(subject, "Product Added", now_us())])
    assert shop.segments_of(subject) == set()
    with transaction(shop.engine) as connection:
        registry.lock_by_id(connection, [subject], for_update=True)
        number = shop.ctx.purposes["email_marketing"]
        registry.set_consent(connection, {subject: [number, 0, 2**61]})
        lanes.reassess(connection, shop.ctx, [subject], now_us())
    assert shop.segments_of(subject) == {"cart_abandoners"}
