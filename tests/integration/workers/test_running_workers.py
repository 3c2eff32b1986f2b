"""Real processes, a real broker: killed, cut off, started twice; the work is done all the same."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis
from kombu import Connection as KombuConnection
from kombu import Queue
from sqlalchemy import Engine, text

from gateway.embedded.broker import EmbeddedBroker
from tests.support.postgres import Database
from tests.support.run import Services
from tests.support.shop import Shop
from workers.jobs.clock import now_us
from workers.store import dirty, known_server
from workers.store.transactions import transaction

PATIENCE_S = 60.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    server = EmbeddedBroker(tmp_path / "installation")
    server.start()
    yield server
    server.stop()


class Processes:
    """Processes of ours, started as the supervisor starts them."""

    def __init__(self, store_dsn: str, broker_url: str, folder: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "PARAVENT_STORE_DSN": store_dsn,
            "PARAVENT_BROKER_URL": broker_url,
            "PARAVENT_QUEUE": f"paravent-tests-{os.getpid()}",
            "PARAVENT_WORKER_CONCURRENCY": "1",
        }
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, **more: str) -> subprocess.Popen[bytes]:
        with self.log(name, len(self.running)).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "workers.main", name],
                env=self.environment | more,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def log(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number}.log"

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill -9 a process and its children."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for process in self.running:
            if process.poll() is None:
                self.kill(process)


@pytest.fixture
def processes(
    store_database: Database, store_gateway: Engine, broker: EmbeddedBroker, tmp_path: Path
) -> Iterator[Processes]:
    with transaction(store_gateway) as connection:
        known_server.put(connection)  # as a gateway does before anything else
    started = Processes(store_database.dsn("paravent_workers"), broker.url(), tmp_path)
    yield started
    started.stop_all()


@pytest.fixture
def shop(store_gateway: Engine) -> Shop:
    return Shop.open(store_gateway)


def _eventually(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"{what} did not happen in {PATIENCE_S:.0f} s"
        time.sleep(0.1)


def _bulk(shop: Shop, people: int = 5) -> list[int]:
    subjects = [shop.person("email_marketing") for _ in range(people)]
    shop.bulk([shop.event(subject, "Product Added", now_us()) for subject in subjects])
    return subjects


def _folded(shop: Shop, subjects: list[int]) -> Callable[[], bool]:
    return lambda: set(shop.states(subjects)) == set(subjects)


def _waiting(engine: Engine) -> int:
    with transaction(engine) as connection:
        found = connection.execute(text("select count(*) from store.outbox")).scalar_one()
    return int(found)


def _children(process: subprocess.Popen[bytes]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in listed.read_text().split()]


def _busy(engine: Engine) -> Callable[[], bool]:
    """Say whether a drain waits for a row that the test holds."""
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"

    def look() -> bool:
        with transaction(engine) as connection:
            return bool(connection.execute(text(query)).scalar())

    return look


def test_a_batch_is_announced_relayed_and_folded(
    shop: Shop, processes: Processes, store_workers: Engine
) -> None:
    processes.start("worker")
    processes.start("relay")
    subjects = _bulk(shop)
    _eventually(_folded(shop, subjects), "folding")
    assert all("cart_abandoners" in shop.segments_of(each) for each in subjects)
    assert _waiting(store_workers) == 0
    again = _bulk(shop)
    began = time.monotonic()
    _eventually(_folded(shop, again), "folding again")
    assert time.monotonic() - began < 5


def test_a_message_holds_the_number_of_a_batch_and_nothing_of_anybody(
    shop: Shop, processes: Processes, broker: EmbeddedBroker, store_workers: Engine
) -> None:
    processes.start("relay")
    batch = shop.bulk([shop.event(shop.person("personalisation"), "Page Viewed", now_us())])
    _eventually(lambda: _waiting(store_workers) == 0, "relaying")
    client = redis.Redis(
        unix_socket_path=broker.url().removeprefix("redis+socket://").split("?")[0]
    )
    waiting = client.lrange(processes.environment["PARAVENT_QUEUE"], 0, -1)
    client.close()
    messages = [json.loads(raw) for raw in waiting]
    assert {message["content-type"] for message in messages} == {"application/json"}
    calls = {
        (headers["task"], headers["argsrepr"], headers["kwargsrepr"])
        for headers in (message["headers"] for message in messages)
    }
    assert calls - {("drain-dirty", "()", "{}")} == {("drain-batch", f"[{batch}]", "{}")}


def test_the_task_of_a_killed_pool_process_is_done_by_the_next(
    shop: Shop, processes: Processes, store_owner: Engine
) -> None:
    """No relay after the kill: the message itself goes back to the queue."""
    worker, relay = processes.start("worker"), processes.start("relay")
    _eventually(_folded(shop, _bulk(shop)), "the first fold")
    relay.send_signal(signal.SIGSTOP)  # or the drain may be over before the row is held
    (subject,) = _bulk(shop, people=1)
    with transaction(store_owner) as connection:
        connection.execute(text("select 1 from store.subject for update"))
        relay.send_signal(signal.SIGCONT)
        _eventually(_busy(store_owner), "a drain in the middle of its slice")
        processes.kill(relay)
        for child in _children(worker):
            os.kill(child, signal.SIGKILL)
    _eventually(_folded(shop, [subject]), "the second attempt")


def test_the_next_worker_finishes_what_a_killed_one_began(
    shop: Shop, processes: Processes, store_owner: Engine, store_workers: Engine
) -> None:
    worker = processes.start("worker")
    (subject,) = _bulk(shop, people=1)
    with transaction(store_owner) as connection:
        connection.execute(text("select 1 from store.subject for update"))
        processes.start("relay")  # before, the drain might be over by now
        _eventually(_busy(store_owner), "a drain in the middle of its slice")
        processes.kill(worker)
    with transaction(store_workers) as connection:
        assert dirty.behind(connection)[0] == 1
    processes.start("worker")
    _eventually(_folded(shop, [subject]), "the next worker's fold")


def test_while_the_broker_is_away_the_outbox_keeps_everything(
    shop: Shop, processes: Processes, broker: EmbeddedBroker, store_workers: Engine
) -> None:
    processes.start("relay")
    processes.start("worker")
    _eventually(_folded(shop, _bulk(shop)), "the first fold")
    broker.stop()
    subjects = _bulk(shop)
    _eventually(lambda: '"part": "broker"' in processes.log("relay", 0).read_text(), "noticing")
    assert _waiting(store_workers) == 1
    broker.start()
    _eventually(_folded(shop, subjects), "folding after the broker's return")
    assert _waiting(store_workers) == 0
    assert processes.running[0].poll() is processes.running[1].poll() is None


def test_a_worker_that_could_not_acknowledge_goes_on(
    shop: Shop, processes: Processes, broker: EmbeddedBroker, store_owner: Engine
) -> None:
    processes.start("worker")
    _bulk(shop, people=1)
    with transaction(store_owner) as connection:
        connection.execute(text("select 1 from store.subject for update"))
        processes.start("relay")
        _eventually(_busy(store_owner), "a drain in the middle of its slice")
        broker.stop()
    _eventually(lambda: "ack" in processes.log("worker", 0).read_text(), "the failure to say so")
    broker.start()
    _eventually(_folded(shop, _bulk(shop)), "folding after the broker's return")


def test_a_broker_that_lost_its_messages_costs_seconds(
    shop: Shop, processes: Processes, broker: EmbeddedBroker, store_workers: Engine
) -> None:
    processes.start("relay")
    subjects = _bulk(shop)
    _eventually(lambda: _waiting(store_workers) == 0, "relaying")
    broker.stop()
    broker.start()
    processes.start("worker")
    _eventually(_folded(shop, subjects), "folding without a message")


def test_of_two_beats_one_is_in_charge_until_it_is_gone(processes: Processes) -> None:
    first, second = processes.start("beat"), processes.start("beat")

    def in_charge() -> list[int]:
        logs = [processes.log("beat", number).read_text() for number in (0, 1)]
        return [number for number, log in enumerate(logs) if "in-charge" in log]

    _eventually(lambda: len(in_charge()) == 1, "one beat in charge")
    (number,) = in_charge()
    processes.kill((first, second)[number])
    _eventually(lambda: len(in_charge()) == 2, "the other beat taking over")


@pytest.mark.parametrize("name", ["worker", "relay", "beat"])
def test_a_process_given_the_vault_does_not_start(processes: Processes, name: str) -> None:
    process = processes.start(name, PARAVENT_VAULT_DSN="postgresql://localhost/vault")
    assert process.wait(PATIENCE_S) == 1
    assert "settings-refused" in processes.log(name, 0).read_text()


def test_a_process_connected_as_the_owner_does_not_start(
    processes: Processes, store_database: Database
) -> None:
    process = processes.start("relay", PARAVENT_STORE_DSN=store_database.owner_dsn)
    assert process.wait(PATIENCE_S) == 1
    assert "store-overprivileged" in processes.log("relay", 0).read_text()


def test_processes_end_when_told_to(processes: Processes) -> None:
    ready = {"worker": "ready", "relay": "listening", "beat": "in-charge"}
    started = [processes.start(name) for name in ready]
    for number, (name, word) in enumerate(ready.items()):
        log = processes.log(name, number)
        _eventually(lambda log=log, word=word: word in log.read_text(), f"the start of {name}")
    for process in started:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(PATIENCE_S) for process in started] == [0, 0, 0]


def test_the_given_broker_carries_tasks_too(
    shop: Shop, processes: Processes, services: Services
) -> None:
    if services.broker_url is None:
        pytest.skip("no PARAVENT_BROKER_URL was given")
    processes.environment["PARAVENT_BROKER_URL"] = services.broker_url
    worker, _ = processes.start("worker"), processes.start("relay")
    _eventually(_folded(shop, _bulk(shop)), "folding")
    processes.kill(worker)
    subjects = _bulk(shop)
    processes.start("worker")
    _eventually(_folded(shop, subjects), "folding by the next worker")
    processes.stop_all()
    with KombuConnection(services.broker_url) as connection:
        Queue(processes.environment["PARAVENT_QUEUE"], channel=connection.channel()).delete()


@pytest.mark.parametrize("name", ["relay", "worker"])
def test_a_process_serves_its_counters_on_a_port_of_its_own(
    name: str, processes: Processes, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "counters").mkdir()
    folder = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counters")} if name == "worker" else {}
    processes.start(name, PARAVENT_METRICS_PORT=str(port), **folder)

    def served() -> bool:
        with contextlib.suppress(httpx.TransportError):
            said = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            return "paravent_relays 1.0" in said or (name == "worker" and "paravent_" in said)
        return False

    _eventually(served, "serving")


def test_a_worker_that_has_nowhere_to_count_says_so(processes: Processes) -> None:
    worker = processes.start("worker", PARAVENT_METRICS_PORT="0")
    assert worker.wait(60) == 1
    assert "PROMETHEUS_MULTIPROC_DIR" in processes.log("worker", 0).read_text()
