"""Requests share commits; each is answered after its own, and none waits for a stranger's fault."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from gateway.errors import QueueFull
from gateway.ingest.commit_group import CommitGroups, Submission
from gateway.ingest.wire import Decoded
from policies.errors import StoreUnavailable
from workers.store.errors import StoreRefused

SMALL, LARGE = 1, 2


def decoded(size: int = 10) -> Decoded:
    return Decoded(raw_bytes=size)


def test_what_comes_during_a_commit_shares_the_next() -> None:
    groups: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def store(group: Sequence[Submission]) -> None:
        groups.append(len(group))
        first.set()
        go_on.wait(5)

    async def play() -> None:
        shared = CommitGroups(store, writers=1, queue_bytes=10_000)
        alone = asyncio.create_task(shared.submit(1, decoded(), 0))
        await asyncio.to_thread(first.wait, 5)
        others = [asyncio.create_task(shared.submit(1, decoded(), 0)) for _ in range(5)]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(alone, *others)
        await asyncio.to_thread(shared.close)

    asyncio.run(play())
    assert groups == [1, 5]


def test_a_request_that_cannot_be_stored_fails_alone() -> None:
    first, go_on = threading.Event(), threading.Event()

    def store(group: Sequence[Submission]) -> None:
        first.set()
        go_on.wait(5)
        if any(each.source == 13 for each in group):
            raise ValueError("a row the database will not have")

    async def play() -> list[object]:
        shared = CommitGroups(store, writers=1, queue_bytes=10_000)
        opener = asyncio.create_task(shared.submit(1, decoded(), 0))
        await asyncio.to_thread(first.wait, 5)
        tasks = [asyncio.create_task(shared.submit(source, decoded(), 0)) for source in (1, 13, 2)]
        await asyncio.sleep(0)
        go_on.set()
        await opener
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(shared.close)
        return list(results)

    results = asyncio.run(play())
    assert [type(result).__name__ for result in results] == ["NoneType", "ValueError", "NoneType"]


def test_an_outage_is_told_to_everybody_at_once() -> None:
    attempts: list[int] = []

    def store(group: Sequence[Submission]) -> None:
        attempts.append(len(group))
        raise StoreUnavailable("away")

    async def play() -> None:
        shared = CommitGroups(store, writers=1, queue_bytes=10_000)
        with pytest.raises(StoreUnavailable):
            await shared.submit(1, decoded(), 0)
        await asyncio.to_thread(shared.close)

    asyncio.run(play())
    assert attempts == [1]


def test_a_refused_statement_is_no_outage_and_its_neighbours_are_stored() -> None:
    stored: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def store(group: Sequence[Submission]) -> None:
        first.set()
        go_on.wait(5)
        if any(each.source == 13 for each in group):
            raise StoreRefused("22003")
        stored.extend(each.source for each in group)

    async def play() -> list[object]:
        shared = CommitGroups(store, writers=1, queue_bytes=10_000)
        opener = asyncio.create_task(shared.submit(1, decoded(), 0))
        await asyncio.to_thread(first.wait, 5)
        tasks = [asyncio.create_task(shared.submit(source, decoded(), 0)) for source in (2, 13, 3)]
        await asyncio.sleep(0)
        go_on.set()
        await opener
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(shared.close)
        return list(results)

    results = asyncio.run(play())
    assert [type(result).__name__ for result in results] == ["NoneType", "StoreRefused", "NoneType"]
    assert stored == [1, 2, 3]


def test_what_nobody_waits_for_any_more_is_not_held() -> None:
    groups: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def store(group: Sequence[Submission]) -> None:
        first.set()
        go_on.wait(5)
        groups.append(len(group))

    async def play() -> None:
        shared = CommitGroups(store, writers=1, queue_bytes=10_000)
        taken = asyncio.create_task(shared.submit(1, decoded(), 0))
        await asyncio.to_thread(first.wait, 5)
        waiting = asyncio.create_task(shared.submit(1, decoded(60), 0))
        await asyncio.sleep(0)
        assert shared.waiting_bytes == 60
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert shared.waiting_bytes == 0
        go_on.set()
        await taken
        await asyncio.to_thread(shared.close)

    asyncio.run(play())
    assert groups == [1]


def test_a_small_request_is_not_behind_large_ones() -> None:
    stored: list[int] = []
    busy, go_on = threading.Event(), threading.Event()

    def store(group: Sequence[Submission]) -> None:
        if group[0].source == LARGE:
            busy.set()
            go_on.wait(5)
        stored.extend(each.source for each in group)

    async def play() -> None:
        shared = CommitGroups(store, writers=2, queue_bytes=10_000)
        many = Decoded(events=[None] * 500, raw_bytes=10)  # type: ignore[list-item]  # counted only
        large = [asyncio.create_task(shared.submit(LARGE, many, 0))]
        await asyncio.to_thread(busy.wait, 5)
        large += [asyncio.create_task(shared.submit(LARGE, many, 0)) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.wait_for(shared.submit(SMALL, decoded(), 0), 4)
        assert stored == [SMALL]
        go_on.set()
        await asyncio.gather(*large)
        await asyncio.to_thread(shared.close)

    asyncio.run(play())
    assert stored == [SMALL, *[LARGE] * 4]


def test_beyond_its_bytes_the_queue_refuses() -> None:
    go_on = threading.Event()

    def store(_: Sequence[Submission]) -> None:
        go_on.wait(5)

    async def play() -> None:
        shared = CommitGroups(store, writers=1, queue_bytes=200)
        taken = [asyncio.create_task(shared.submit(1, decoded(90), 0))]
        await asyncio.sleep(0.05)
        taken += [asyncio.create_task(shared.submit(n, decoded(90), 0)) for n in (2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await shared.submit(4, decoded(90), 0)
        go_on.set()
        await asyncio.gather(*taken)
        await asyncio.to_thread(shared.close)

    asyncio.run(play())


def test_closing_commits_what_waits_and_refuses_what_comes() -> None:
    stored: list[int] = []

    async def play() -> None:
        shared = CommitGroups(
            lambda group: stored.append(len(group)), writers=2, queue_bytes=10_000
        )
        await asyncio.gather(*(shared.submit(1, decoded(), 0) for _ in range(20)))
        await asyncio.to_thread(shared.close)
        with pytest.raises(QueueFull):
            await shared.submit(1, decoded(), 0)

    asyncio.run(play())
    assert sum(stored) == 20


def test_a_log_that_cannot_be_written_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    def store(_: Sequence[Submission]) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr("gateway.ingest.commit_group.log", SimpleNamespace(warning=full))

    async def play() -> None:
        shared = CommitGroups(store, writers=1, queue_bytes=10_000)
        for _ in range(2):  # the writer that could not say so is there for the next one, too
            with pytest.raises(StoreUnavailable):
                await asyncio.wait_for(shared.submit(1, decoded(), 0), 5)
        await asyncio.to_thread(shared.close)

    asyncio.run(play())
