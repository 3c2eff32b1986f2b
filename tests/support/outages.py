"""An installation whose processes are killed and frozen under senders that send like the SDKs."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import Engine

from gateway.embedded import EmbeddedPostgres
from gateway.embedded.processes import wait_until
from tests.support.builders import Person, track
from tests.support.installation import Installed
from tests.support.shop import Shop
from workers.store.transactions import connect

SDK_TIMEOUT_S = 15.0
PATIENCE_S = 120.0  # how long a loaded machine may take to start a process again
PEOPLE = tuple(Person(f"cust-{n}", f"pioneer-{n}@example.org", "", f"anon-{n}") for n in range(30))
DOMAINS = ("marketing", "measurement")
_numbers = itertools.count(1)


def order(number: int | None = None) -> dict[str, Any]:
    """Give an event that is found again by its amount, *number* cents; no two are the same."""
    number = next(_numbers) if number is None else number
    person = PEOPLE[number % len(PEOPLE)]
    properties = {"order_id": f"order-{number}", "total": number / 100, "currency": "EUR"}
    return track("Order Completed", person, at=datetime.now(UTC), properties=properties)


def eventually(holds: Callable[[], bool], what: str) -> None:
    assert wait_until(holds, PATIENCE_S, pause=0.1), f"{what} did not happen in {PATIENCE_S:.0f} s"


@dataclass
class Sender:
    """Sends orders one by one or in batches, each until it is answered with 200."""

    home: Installed
    batch: int = 1
    pause_s: float = 0.0
    answered: list[int] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0
    failure: BaseException | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send_more(self, count: int) -> None:
        """Wait until *count* more orders were answered."""
        goal = len(self.answered) + count
        eventually(lambda: self.failure is not None or len(self.answered) >= goal, "sending")
        assert self.failure is None, self.failure

    def stop(self) -> None:
        """Wait for the last answer."""
        self._over.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "a sender waits for an answer"
        assert self.failure is None, self.failure

    def _run(self) -> None:
        try:
            with httpx.Client(base_url=self.home.url, timeout=SDK_TIMEOUT_S) as http:
                while not self._over.is_set():
                    numbers = [next(_numbers) for _ in range(self.batch)]
                    self._deliver(http, [order(number) for number in numbers])
                    self.answered += numbers
                    self._over.wait(self.pause_s)
        except BaseException as failure:  # noqa: BLE001  a thread's failure is the test's
            self.failure = failure

    def _deliver(self, http: httpx.Client, calls: list[dict[str, Any]]) -> None:
        path, body = ("track", calls[0]) if self.batch == 1 else ("batch", {"batch": calls})
        for tries in itertools.count(1):
            began = time.monotonic()
            try:
                answer = http.post(f"/v1/{path}", json=body, auth=(self.home.write_key, ""))
            except httpx.TransportError:
                self.refused[0] += 1
            else:
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                if answer.status_code == httpx.codes.OK:
                    return
                self.refused[answer.status_code] += 1
                # Anything else the SDKs would throw away.
                assert answer.status_code in {429, 500, 502, 503, 504}, answer.text
            threading.Event().wait(min(0.05 * 2**tries, 1.0))


@dataclass
class Visits:
    """Somebody who goes on clicking: one event a connection, so that each gateway gets some.

    Attributes:
        event: makes what is sent.
        sent: when each event was sent and when it was answered, by the monotonic clock.
    """

    SENDERS = 4
    SOME = 15  # events of each that are waited for

    home: Installed
    event: Callable[[], dict[str, Any]]
    sent: list[tuple[float, float]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.threads = [
            threading.Thread(target=self._run, daemon=True) for _ in range(self.SENDERS)
        ]
        for thread in self.threads:
            thread.start()

    def go_on(self) -> None:
        """Wait until each sender has sent some more."""
        goal = len(self.sent) + self.SOME * self.SENDERS
        eventually(lambda: len(self.sent) >= goal, "sending")

    def stop(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()

    def _run(self) -> None:
        while not self.over.is_set():
            began = time.monotonic()
            answer = httpx.post(
                f"{self.home.url}/v1/track", json=self.event(), auth=(self.home.write_key, "")
            )
            assert answer.status_code == httpx.codes.OK
            self.sent.append((began, time.monotonic()))


@dataclass
class Patient:
    """An installation as a fault test sees it: its processes, its store, its senders."""

    home: Installed

    def pid(self, name: str) -> int:
        return children(self.home.process.pid)[name]

    def kill(self, name: str) -> int:
        """Kill -9 a process and its children, as a kernel short of memory does; give its number."""
        pid = self.pid(name)
        for each in [pid, *descendants(pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        return pid

    def back(self, name: str, before: int) -> None:
        """Wait until the supervisor has started *name* again."""
        eventually(
            lambda: children(self.home.process.pid).get(name, before) != before, f"{name}'s return"
        )

    @contextlib.contextmanager
    def unattended(self) -> Iterator[None]:
        """Stop the supervisor, so that what was killed stays away until the end of this."""
        self.home.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.home.process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Stop a process and its children in their tracks: they neither answer nor hang up."""
        pid = self.pid(name)
        stopped = [pid, *descendants(pid)]
        for each in stopped:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in reversed(stopped):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    @contextlib.contextmanager
    def sending(self, *batches: int, pause_s: float = 0.0) -> Iterator[list[Sender]]:
        """Send in the background; at the end, wait for every answer and look for every order."""
        senders = [Sender(self.home, batch, pause_s) for batch in batches]
        try:
            yield senders
        finally:
            for sender in senders:
                sender.stop()
        numbers = [number for sender in senders for number in sender.answered]
        assert self.stored(numbers) == dict.fromkeys(itertools.product(numbers, DOMAINS), 1)

    def dsn(self) -> str:
        return EmbeddedPostgres(self.home.data).dsn("store")

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn()) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def stored(self, numbers: Sequence[int]) -> dict[tuple[int, str], int]:
        """Give how often each of the orders is stored, by number and domain."""
        found = self.rows(
            "select amount, domain.key, count(*) from store.event"
            " join store.subject on subject.id = subject join store.domain on domain.id = domain"
            " where amount = any(%s) group by amount, domain.key",
            list(numbers),
        )
        return {(int(amount), domain): count for amount, domain, count in found}

    def caught_up(self) -> bool:
        """Say whether nothing waits to be folded or announced."""
        ((waiting,),) = self.rows(
            "select (select count(*) from store.dirty) + (select count(*) from store.outbox)"
        )
        return bool(waiting == 0)

    def assert_features_equal_a_recomputation(self) -> None:
        eventually(self.caught_up, "catching up")
        engine: Engine = connect(self.dsn(), pool_size=1, application_name="paravent-tests")
        try:
            shop = Shop.open(engine)
            people = [int(number) for (number,) in self.rows("select id from store.subject")]
            states = shop.states(people)
            assert states == shop.recomputed(people)
            ((events,),) = self.rows("select count(*) from store.event")
            assert sum(state.events for state in states.values()) == events
        finally:
            engine.dispose()


def children(parent: int) -> dict[str, int]:
    """Give the number of every child process of *parent*, by the name the supervisor gives it."""
    found = {}
    for pid, started_by in _parents().items():
        if started_by == parent and (words := _words(pid)):
            found[_named(words)] = pid
    return found


def descendants(ancestor: int) -> list[int]:
    """Give the numbers of the processes that come from *ancestor*."""
    parents = _parents()
    family = [ancestor]
    for member in family:
        family += [pid for pid, parent in parents.items() if parent == member]
    return family[1:]


def families(parent: int) -> dict[str, list[int]]:
    """Give every child process of *parent* by name, each with all that come from it."""
    parents, found = _parents(), {}
    for child, started_by in parents.items():
        if started_by == parent and (words := _words(child)):
            family = [child]
            for member in family:
                family += [pid for pid, above in parents.items() if above == member]
            found[_named(words)] = family
    return found


def _parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            found[int(entry.name)] = int(stat[1])
    return found


def _words(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return [word for word in Path(f"/proc/{pid}/cmdline").read_text().split("\0") if word]
    return []


def _named(words: list[str]) -> str:
    if "-m" in words:
        module = words[words.index("-m") + 1]
        return "gateway" if module == "gateway.main" else words[words.index("-m") + 2]
    return Path(words[0].split()[0]).name
