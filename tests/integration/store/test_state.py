"""States are read under a lock and written back in one statement."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine

from tests.support.store_rows import NOON_US, enrolled, impatient, seed
from tests.support.store_rows import state as state_row
from workers.features.days import packed
from workers.store import state
from workers.store.errors import StoreBusy, StoreRefused
from workers.store.transactions import transaction


def test_states_of_different_lengths_read_back_unchanged(store_gateway: Engine) -> None:
    one, two = enrolled(store_gateway, seed(store_gateway), 2)
    rows = [
        state_row(
            one.id, last_at=NOON_US + 7, last_mid=-5, closed_seconds=2**40,
            last_purchase_at=NOON_US, amount=2**40, events=9, steps=[4, 3, 2, 1],
            dwell=[2**40, 0, 0, 1],
            hours=list(range(24)), days=packed([(20_000, 0, 3), (20_001, 2, 1_999)]),
        ),
        state_row(two.id, steps=[1], dwell=[], days=b""),
    ]  # fmt: skip
    with transaction(store_gateway) as connection:
        state.upsert(connection, rows)
    with transaction(store_gateway) as connection:
        assert state.lock(connection, [two.id, one.id]) == {one.id: rows[0], two.id: rows[1]}
    changed = [rows[0]._replace(events=10, days=b""), rows[1]._replace(days=packed([(1, 2, -3)]))]
    with transaction(store_gateway) as connection:
        state.upsert(connection, changed)
        assert state.read(connection, [one.id, two.id, 999]) == {
            one.id: changed[0], two.id: changed[1],
        }  # fmt: skip
        assert state.delete(connection, [one.id]) == 1


def test_a_locked_state_waits(store_gateway: Engine) -> None:
    subject = enrolled(store_gateway, seed(store_gateway))[0].id
    with transaction(store_gateway) as connection:
        state.upsert(connection, [state_row(subject)])
    with transaction(store_gateway) as holder:
        state.lock(holder, [subject])
        with pytest.raises(StoreBusy), impatient(store_gateway) as other:
            state.lock(other, [subject])


def test_the_slower_of_two_first_writers_is_told(store_gateway: Engine) -> None:
    subject = enrolled(store_gateway, seed(store_gateway))[0].id
    told: list[set[int]] = []
    begun = threading.Event()

    def slower() -> None:
        with transaction(store_gateway) as connection:
            begun.set()
            told.append(state.insert(connection, [state_row(subject, events=2)]))

    thread = threading.Thread(target=slower)
    with transaction(store_gateway) as connection:
        assert state.insert(connection, [state_row(subject)]) == set()
        thread.start()
        begun.wait()
    thread.join()
    assert told == [{subject}]
    with transaction(store_gateway) as connection:
        assert state.read(connection, [subject])[subject].events == 1


def test_a_state_of_nobody_registered_is_refused(store_gateway: Engine) -> None:
    with pytest.raises(StoreRefused, match="23503"), transaction(store_gateway) as connection:
        state.upsert(connection, [state_row(404)])
