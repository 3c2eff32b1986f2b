"""The registry is the fence: writers hold it, an erasure waits, who comes later is too late."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine

from tests.support.store_rows import enrolled, impatient, pids, seed
from workers.store import erasure, registry
from workers.store.errors import StoreBusy, StoreRefused
from workers.store.registry import ALIVE, ERASED, RESTRICTED
from workers.store.transactions import run, transaction


def test_a_pseudonym_is_registered_once(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    asked = [(pid, words.domain) for pid in pids(3)]
    with transaction(store_gateway) as connection:
        first = registry.register(connection, asked[:2])
        assert sorted(first) == sorted(pid for pid, _ in asked[:2])
    with transaction(store_gateway) as connection:
        again = registry.register(connection, asked)
        assert list(again) == [asked[2][0]]
        held = registry.lock(connection, [pid for pid, _ in asked])
        assert {row.id for row in held.values()} >= {row.id for row in first.values()}
        assert all(row.state == ALIVE and row.consent == [] for row in held.values())


def test_an_unknown_pseudonym_is_absent(store_gateway: Engine) -> None:
    with transaction(store_gateway) as connection:
        assert registry.lock(connection, pids(2)) == {}
        assert registry.lock(connection, []) == {}
        assert registry.lock_by_id(connection, [999]) == {}


@pytest.mark.parametrize("for_update", [False, True])
def test_enrolling_gives_all_whether_known_or_new(store_gateway: Engine, for_update: bool) -> None:  # noqa: FBT001
    words = seed(store_gateway)
    known = enrolled(store_gateway, words)[0]
    fresh = pids(1)[0]
    asked = [(known.pid, words.domain), (fresh, words.domain)]
    with transaction(store_gateway) as connection:
        held = registry.enrol(connection, asked, for_update=for_update)
    assert held[known.pid] == known
    assert held[fresh].domain == words.domain


def test_many_who_enrol_the_same_at_once_agree(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    asked = [(pid, words.domain) for pid in pids(20)]
    found: list[dict[bytes, int]] = []

    def enrol(reverse: bool) -> None:  # noqa: FBT001
        with transaction(store_gateway) as connection:
            rows = registry.enrol(connection, asked[::-1] if reverse else asked)
            found.append({pid: row.id for pid, row in rows.items()})

    threads = [threading.Thread(target=enrol, args=(n % 2 == 0,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each == found[0] and len(each) == 20 for each in found)


def test_consent_is_replaced_and_reads_back(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    one, two = enrolled(store_gateway, words, 2)
    with transaction(store_gateway) as connection:
        registry.lock_by_id(connection, [one.id, two.id], for_update=True)
        registry.set_consent(connection, {one.id: [1, 10, 20, 2, 5, 5], two.id: []})
    with transaction(store_gateway) as connection:
        held = registry.lock_by_id(connection, [one.id, two.id])
    assert held[one.id].consent == [1, 10, 20, 2, 5, 5]
    assert held[two.id].consent == []


def test_an_erasure_waits_for_whoever_holds_the_row(store_gateway: Engine) -> None:
    subject = enrolled(store_gateway, seed(store_gateway))[0]
    with transaction(store_gateway) as writer:
        registry.lock(writer, [subject.pid])
        with pytest.raises(StoreBusy), impatient(store_gateway) as eraser:
            erasure.mark_erased(eraser, [subject.pid])


def test_whoever_comes_after_an_erasure_finds_it(store_gateway: Engine) -> None:
    subject = enrolled(store_gateway, seed(store_gateway))[0]
    with transaction(store_gateway) as connection:
        assert erasure.mark_erased(connection, [subject.pid, pids(1)[0]]) == [subject.id]
    with transaction(store_gateway) as connection:
        row = registry.lock(connection, [subject.pid])[subject.pid]
        assert (row.state, row.generation, row.consent) == (ERASED, subject.generation + 1, [])
        registry.set_consent(connection, {subject.id: [1, 1, 2]})
        assert registry.set_state(connection, [subject.id], ALIVE) == 0
        assert registry.set_objected(connection, subject.id, 1) == 0
        assert registry.lock_by_id(connection, [subject.id])[subject.id] == row


def test_restriction_is_set_and_lifted(store_gateway: Engine) -> None:
    subject = enrolled(store_gateway, seed(store_gateway))[0]
    with transaction(store_gateway) as connection:
        assert registry.set_state(connection, [subject.id], RESTRICTED) == 1
        assert registry.lock_by_id(connection, [subject.id])[subject.id].state == RESTRICTED
        assert registry.set_state(connection, [subject.id], ALIVE) == 1
        with pytest.raises(ValueError, match="erasure"):
            registry.set_state(connection, [subject.id], ERASED)


def test_the_database_keeps_nothing_in_an_erased_row(store_gateway: Engine) -> None:
    subject = enrolled(store_gateway, seed(store_gateway))[0]
    with transaction(store_gateway) as connection:
        erasure.mark_erased(connection, [subject.pid])
    with pytest.raises(StoreRefused, match="23514"), transaction(store_gateway) as connection:
        run(connection, "update store.subject set objected = 1 where id = %s", (subject.id,))


def test_the_workers_hold_a_row_and_cannot_change_it(
    store_gateway: Engine, store_workers: Engine
) -> None:
    subject = enrolled(store_gateway, seed(store_gateway))[0]
    with transaction(store_workers) as connection:
        assert registry.lock_by_id(connection, [subject.id])[subject.id] == subject
    with pytest.raises(StoreRefused, match="42501"), transaction(store_workers) as connection:
        registry.set_state(connection, [subject.id], RESTRICTED)
