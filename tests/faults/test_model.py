"""The judge of the fault tests sees what it is there to see."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from tests.faults.bench import Bench
from tests.support.consistency import divergent, refreshed_otherwise


@pytest.fixture
def kept(bench: Bench) -> Bench:
    bench.deliver_until_answered([bench.order(bench.somebody()) for _ in range(3)])
    bench.assert_kept()
    return bench


def change(owner: Engine, statement: str) -> None:
    with owner.begin() as connection:
        connection.execute(text(statement))


def test_an_answered_event_that_is_missing_in_one_domain_is_lost(
    kept: Bench, store_owner: Engine
) -> None:
    change(
        store_owner,
        "delete from store.event where (subject, mid) in (select subject, mid from store.event"
        " limit 1)",
    )
    assert len(kept.verdict().lost) == 1


def test_an_event_under_two_pseudonyms_of_a_domain_is_doubled_and_strange(
    kept: Bench, store_owner: Engine
) -> None:
    change(
        store_owner,
        "with here as (select mid from store.event join store.subject on subject.id = subject"
        " join store.domain on domain.id = domain where domain.key = 'marketing')"
        " update store.event set mid = (select min(mid) from here)"
        " where mid = (select max(mid) from here)",
    )
    verdict = kept.verdict()
    assert len(verdict.doubled) == 1
    assert len(verdict.strange) == 1
    assert len(verdict.lost) == 1


def test_another_amount_is_strange_and_a_wrong_count_is_told(
    kept: Bench, store_owner: Engine
) -> None:
    change(store_owner, "update store.event set amount = amount + 1")
    change(store_owner, "update store.decision_count set count = count + 2")
    verdict = kept.verdict()
    assert len(verdict.strange) == 6
    assert verdict.miscounted == 2
    assert not verdict.clean()


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("state", "update store.state set events = events + 1"),
        ("memberships", "delete from store.membership"),
        ("consent", "delete from store.consent_record"),
    ],
)
def test_whoever_is_not_what_their_rows_say_is_told(
    kept: Bench, store_owner: Engine, kind: str, statement: str
) -> None:
    change(store_owner, statement)
    found = divergent(kept.edge.store, kept.ctx)
    assert found[kind]
    assert not any(subjects for other, subjects in found.items() if other != kind)


def test_what_a_restricted_person_keeps_is_right_and_what_comes_to_them_is_told(
    kept: Bench, store_owner: Engine
) -> None:
    change(store_owner, "update store.subject set state = 1")
    assert not any(divergent(kept.edge.store, kept.ctx).values())
    change(store_owner, "delete from store.membership")
    assert not any(divergent(kept.edge.store, kept.ctx).values())
    change(
        store_owner,
        "insert into store.membership (subject, segment, since, computed_at)"
        " select distinct state.subject, segment.id, now(), now()"
        " from store.state, store.segment",
    )
    assert divergent(kept.edge.store, kept.ctx)["memberships"]


def test_a_full_refresh_that_finds_something_else_is_told(kept: Bench, store_owner: Engine) -> None:
    change(store_owner, "update store.feature_snapshot set values = array_fill(1, array[40])")
    change(store_owner, "update store.state set events = events + 1")
    assert refreshed_otherwise(kept.workers, kept.ctx)


def test_an_event_in_a_domain_that_its_person_has_left_is_barred_and_missed_nowhere_else(
    kept: Bench, store_owner: Engine
) -> None:
    kept.model.barred = dict.fromkeys(list(kept.model.sent)[:2], frozenset({"measurement"}))
    assert len(kept.verdict().barred) == 2
    assert not kept.verdict().clean()
    change(
        store_owner,
        "delete from store.event using store.subject, store.domain where event.subject = subject.id"
        " and domain.id = subject.domain and domain.key = 'measurement'",
    )
    verdict = kept.verdict()
    assert verdict.barred == []
    assert len(verdict.lost) == 1  # the third, whose person has left nothing


def test_an_event_that_a_withdrawal_erased_is_not_missed_and_one_that_is_left_is_told(
    kept: Bench, store_owner: Engine
) -> None:
    first, second, _ = kept.model.sent
    user_id = kept.model.sent[first].user_id
    for domain in ("marketing", "measurement"):
        kept.model.withdraw(user_id, domain)
    withdrawn = {name for name, each in kept.model.sent.items() if each.user_id == user_id}
    assert set(kept.verdict().barred) == withdrawn
    mids = ", ".join(str(mid) for name in withdrawn for mid in kept.message_ids(name))
    change(store_owner, f"delete from store.event where mid in ({mids})")
    assert kept.verdict().clean()
    change(store_owner, "update store.decision_count set count = count - 1")
    assert kept.verdict().miscounted == -1
    assert second in kept.model.sent
