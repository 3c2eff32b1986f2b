"""The dirty set and the outbox: work that waits is neither lost nor done twice."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine

from tests.support.store_rows import seed
from workers.store import batches, dirty, outbox
from workers.store.transactions import autocommit, transaction


def test_dirty_rows_wait_in_their_shard(store_gateway: Engine, store_workers: Engine) -> None:
    words = seed(store_gateway)
    with transaction(store_gateway) as connection:
        batch = batches.create(
            connection, source=None, lane=batches.BULK, rulebook=words.rulebook, events=3
        )
        dirty.put(connection, batch, {4: [9, 8], 5: [7], 8: []})
        dirty.put(connection, batch, {})
    with transaction(store_workers) as connection:
        assert dirty.claim(connection, [0])
        assert dirty.pending(connection, [0])
        assert not dirty.pending(connection, [2])
        rows = dirty.take(connection, [0], 10)
        assert [(row.subject, row.mids, row.batch) for row in rows] == [
            (4, [9, 8], batch), (8, [], batch),
        ]  # fmt: skip
        assert len(dirty.take(connection, [0], 1)) == 1
        count, oldest = dirty.behind(connection)
        assert count == 3
        assert oldest is not None
        dirty.delete(connection, [row.id for row in rows])
        assert not dirty.pending(connection, [0])


def test_one_drain_a_shard_at_a_time(store_workers: Engine) -> None:
    with transaction(store_workers) as one, transaction(store_workers) as other:
        assert dirty.claim(one, [0])
        assert not dirty.claim(other, [0])
        assert dirty.claim(other, [1])


def test_whoever_asks_for_all_shards_gets_those_that_are_free(store_workers: Engine) -> None:
    with transaction(store_workers) as one, transaction(store_workers) as other:
        assert dirty.claim(one, [1]) == [1]
        assert dirty.claim(other, range(dirty.SHARDS)) == [0, 2, 3]
        dirty.put(other, 1, {4: [1], 5: [2], 6: [3]})
        rows = dirty.take(other, [0, 2, 3], 10)
        assert [(row.subject, row.mids) for row in rows] == [(4, [1]), (6, [3])]
        assert dirty.pending(other, range(dirty.SHARDS)) == [0, 1, 2]
        assert dirty.few(other, 4)
        assert not dirty.few(other, 3)


def test_only_the_commit_of_a_drain_does_not_wait_for_the_disk(store_workers: Engine) -> None:
    with transaction(store_workers) as drain, transaction(store_workers) as other:
        for connection in (drain, other):
            connection.exec_driver_sql("set local synchronous_commit = on")
            dirty.claim(connection, [0])
        asked = "show synchronous_commit"
        assert drain.exec_driver_sql(asked).scalar_one() == "off"
        assert other.exec_driver_sql(asked).scalar_one() == "on"


def test_rows_set_aside_come_back(store_workers: Engine) -> None:
    with transaction(store_workers) as connection:
        dirty.put(connection, 1, {4: [1], 8: [2]})
        rows = dirty.take(connection, [0], 10)
        dirty.set_aside(connection, [rows[0].id])
        dirty.delete(connection, [row.id for row in rows])
        assert not dirty.pending(connection, [0])
        assert dirty.behind(connection) == (0, None)
        dirty.put_back(connection, [8])
        assert not dirty.pending(connection, [0])
        dirty.put_back(connection, [4])
        assert dirty.take(connection, [0], 10) == [rows[0]]


def test_a_killed_relay_leaves_its_rows_to_the_next(
    store_gateway: Engine, store_workers: Engine
) -> None:
    with transaction(store_gateway) as connection:
        outbox.put(connection, "batch", 1)
        outbox.put(connection, "batch", 2)
    with suppress(ZeroDivisionError), transaction(store_workers) as connection:
        assert len(outbox.claim(connection, 10)) == 2
        raise ZeroDivisionError
    with transaction(store_workers) as one, transaction(store_workers) as other:
        first = outbox.claim(one, 1)
        second = outbox.claim(other, 10)
        assert [row.reference for row in first + second] == [1, 2]
        outbox.done(one, [row.id for row in first])
    with transaction(store_workers) as connection:
        assert [row.reference for row in outbox.claim(connection, 10)] == [2]


def test_an_announcement_rings_once_it_is_committed(
    store_gateway: Engine, store_workers: Engine
) -> None:
    with autocommit(store_workers) as listener:
        outbox.listen(listener)
        assert not outbox.wait(listener, 0)
        with transaction(store_gateway) as connection:
            outbox.put(connection, "batch", 1)
            assert not outbox.wait(listener, 0)
        assert outbox.wait(listener, 5)
