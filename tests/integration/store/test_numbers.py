"""Dictionary, batches, counts, sources, imports: the small tables around an event."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from tests.support.store_rows import seed
from workers.store import batches, counts, dictionary, imports, sources
from workers.store.dictionary import Kind
from workers.store.transactions import transaction


def test_a_text_has_one_number_whoever_asks(store_gateway: Engine) -> None:
    found: list[dict[str, int]] = []

    def ask() -> None:
        with transaction(store_gateway) as connection:
            found.append(dictionary.ids(connection, Kind.PAGE, ["/a", "/b", "/c", "/a"]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each == found[0] and set(each) == {"/a", "/b", "/c"} for each in found)
    with transaction(store_gateway) as connection:
        assert dictionary.ids(connection, Kind.PRODUCT, ["/a"]) != {"/a": found[0]["/a"]}


def test_a_batch_says_what_was_received(store_gateway: Engine, store_workers: Engine) -> None:
    words = seed(store_gateway)
    with transaction(store_gateway) as connection:
        number = batches.create(
            connection, source=None, lane=batches.BULK, rulebook=words.rulebook, events=7
        )
    with transaction(store_workers) as connection:
        row = batches.read(connection, number)
        assert row is not None
        assert (row.lane, row.rulebook, row.events, row.source) == (1, words.rulebook, 7, None)
        assert batches.expire(connection, before_us=row.received_at_us, limit=10) == 0
        assert batches.expire(connection, before_us=row.received_at_us + 1, limit=10) == 1
        assert batches.read(connection, number) is None


def test_counts_add_up_over_writers(store_gateway: Engine) -> None:
    today = datetime.now(UTC).date()
    with transaction(store_gateway) as one, transaction(store_gateway) as other:
        for connection in (one, other):
            counts.add(connection, {(1, "Page Viewed", "stored"): 2}, rulebook=1)
            counts.add(connection, {(1, "Page Viewed", "stored"): 1}, rulebook=1)
            counts.add_dropped(connection, {(1, "Page Viewed", "(other)"): 3})
            counts.add(connection, {}, rulebook=1)
    with transaction(store_gateway) as connection:
        stored = counts.Decision(today, 1, "Page Viewed", "stored", 1)
        assert counts.decisions(connection, today, today) == {stored: 6}
        drop = counts.Drop(today, 1, "Page Viewed", "(other)")
        assert counts.dropped(connection, date(2020, 1, 1), today) == {drop: 6}


def test_a_source_has_keys_that_end(store_gateway: Engine) -> None:
    now = datetime.now(UTC)
    with transaction(store_gateway) as connection:
        row = sources.add(connection, "shop", "The shop")
        assert row is not None
        assert sources.add(connection, "shop", "Another") is None
        assert sources.listed(connection) == [row] == [sources.named(connection, "shop")]
        sources.add_key(connection, row.id, prefix="pv_a", key_hash=b"\x01" * 32, scopes=["ingest"])
        sources.add_key(connection, row.id, prefix="pv_b", key_hash=b"\x02" * 32, scopes=[])
        assert [key.prefix for key in sources.keys(connection)] == ["pv_a", "pv_b"]
        assert sources.revoke_key(connection, "pv_a", now)
        assert not sources.revoke_key(connection, "pv_a", now)
        key = sources.key_with(connection, "pv_a")
        assert key is not None
        assert (key.scopes, key.key_hash, key.revoked_at) == (("ingest",), b"\x01" * 32, now)
        assert sources.key_with(connection, "pv_c") is None
        sources.used(connection, [key.id], datetime.now(UTC).date())
        sources.enable(connection, row.id, enabled=False)
        assert not any(key.enabled for key in sources.keys(connection))


def test_an_interrupted_import_goes_on_where_it_was(store_gateway: Engine) -> None:
    words = seed(store_gateway)
    with transaction(store_gateway) as connection:
        begun = imports.start(connection, words.source, b"file", b"map")
        imports.advance(connection, begun.id, rows_done=500, counts={"stored": 499})
    with transaction(store_gateway) as connection:
        again = imports.start(connection, words.source, b"file", b"map")
        assert (again.id, again.rows_done, again.counts) == (begun.id, 500, {"stored": 499})
        assert again.finished_at_us is None
        imports.finish(connection, again.id)
        assert imports.start(connection, words.source, b"file", b"map").finished_at_us is not None
        assert imports.start(connection, words.source, b"file", b"other").rows_done == 0
