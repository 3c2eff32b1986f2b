"""Look-ups, memberships by page, and feature snapshots."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.support.store_rows import NOON_US, Words, enrolled, pids, seed
from workers.store import erasure, memberships, registry, segments, snapshots
from workers.store.segments import Holder
from workers.store.transactions import transaction


def joined(engine: Engine, words: Words, count: int) -> list[registry.RegistryRow]:
    subjects = enrolled(engine, words, count)
    with transaction(engine) as connection:
        wanted = {row.id: {words.segment} for row in subjects}
        memberships.settle(connection, wanted, now_us=NOON_US)
    return subjects


def test_a_look_up_gives_what_decides_and_what_is_held(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    member, erased = joined(store_gateway, words, 2)
    other = enrolled(store_gateway, words)[0]
    with transaction(store_gateway) as connection:
        registry.set_consent(connection, {member.id: [words.purpose, 1, 2]})
        erasure.mark_erased(connection, [erased.pid])
        asked = [member.pid, other.pid, erased.pid, *pids(1)]
        assert segments.of_pids(connection, asked) == {
            member.pid: Holder(
                member.id, member.pid, 0, 0, [words.purpose, 1, 2], {words.segment: NOON_US}
            ),
            other.pid: Holder(other.id, other.pid, 0, 0, [], {}),
        }


def test_members_come_page_by_page(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    subjects = [row.id for row in joined(store_gateway, words, 5)]
    with transaction(store_gateway) as connection:
        first = segments.members(connection, words.segment, limit=3)
        rest = segments.members(connection, words.segment, after=first[-1][0])
    assert [subject for subject, _ in first + rest] == subjects
    assert {since for _, since in first + rest} == {NOON_US}


def test_every_version_of_a_segment_stays_known(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    with transaction(store_gateway) as connection:
        ((row,),) = [segments.definitions(connection)]
        assert (row.id, row.key, row.version) == (words.segment, "loyal_buyers", 1)
        assert segments.sizes(connection) == {}


def test_a_snapshot_keeps_what_has_no_value(store_workers: Engine, store_gateway: Engine) -> None:
    words = seed(store_gateway)
    one, two = (row.id for row in enrolled(store_gateway, words, 2))
    with transaction(store_workers) as connection:
        values = {one: [1.5, None], two: [float(2**40), 0.0]}
        snapshots.upsert(connection, values, feature_set_id=words.feature_set, as_of_us=NOON_US)
        snapshots.upsert(
            connection, {two: [None, None]}, feature_set_id=words.feature_set, as_of_us=NOON_US + 1
        )
        found = snapshots.of_subjects(connection, [one, two, 99])
        assert found[one] == (one, words.feature_set, NOON_US, [1.5, None])
        assert found[two] == (two, words.feature_set, NOON_US + 1, [None, None])
        assert snapshots.keys_of(connection, words.feature_set) == ["visits", "spent"]
