"""An erasure walks the data map: whatever a table holds about the subject goes."""

from __future__ import annotations

from sqlalchemy import Engine

from policies.data_map import Erasure
from tests.support.store_rows import NOON_US, Words, enrolled, event, ledger, seed, set_aside
from tests.support.store_rows import state as state_row
from workers.store import (
    consent,
    dirty,
    erasure,
    events,
    memberships,
    registry,
    snapshots,
    state,
    withdrawals,
)
from workers.store.data_map import data_map
from workers.store.registry import ERASED
from workers.store.tables import metadata
from workers.store.transactions import transaction


def fill(engine: Engine, words: Words, subject: int) -> None:
    """Put a row about *subject* into every table that can hold one."""
    with transaction(engine) as connection:
        events.copy(connection, events.pack(event(subject, 1)), 1)
        consent.append(connection, [ledger(subject, words)])
        state.upsert(connection, [state_row(subject)])
        memberships.settle(connection, {subject: {words.segment}}, now_us=NOON_US)
        snapshots.upsert(
            connection, {subject: [1.0, 2.0]}, feature_set_id=words.feature_set, as_of_us=NOON_US
        )
        dirty.put(connection, 1, {subject: [1]})
        withdrawals.ask(connection, [(subject, words.purpose)], NOON_US)
        set_aside(connection, [subject], words.rulebook)


def test_one_is_erased_from_every_table_and_the_other_from_none(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    erased, kept = (row.id for row in enrolled(store_gateway, words, 2))
    fill(store_gateway, words, erased)
    fill(store_gateway, words, kept)
    with transaction(store_gateway) as connection:
        before = erasure.remaining(connection, [kept])
        went = erasure.erase(connection, [erased])
        assert went == before
        # A table added to the schema and forgotten by `fill` shows here.
        assert set(went.values()) == {1}
        assert set(erasure.remaining(connection, [erased]).values()) == {0}
        assert erasure.remaining(connection, [kept]) == before
        assert registry.lock_by_id(connection, [erased])[erased].state == ERASED


def test_an_erasure_run_again_changes_nothing(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    subject = enrolled(store_gateway, words)[0]
    fill(store_gateway, words, subject.id)
    with transaction(store_gateway) as connection:
        erasure.erase(connection, [subject.id])
        first = registry.lock_by_id(connection, [subject.id])
    with transaction(store_gateway) as connection:
        assert erasure.mark_erased(connection, [subject.pid]) == [subject.id]
        assert set(erasure.erase(connection, [subject.id]).values()) == {0}
        assert registry.lock_by_id(connection, [subject.id]) == first


def test_every_table_says_what_an_erasure_does_to_it() -> None:
    described = {(table.schema, table.name): table for table in data_map()}
    assert len(described) == len(metadata.tables)
    for table in described.values():
        about_somebody = bool(table.subject_columns)
        assert about_somebody == (table.erasure is not Erasure.KEEP), table.name
    assert described["store", "subject"].erasure is Erasure.FLAG
