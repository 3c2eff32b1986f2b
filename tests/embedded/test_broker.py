"""The embedded broker is private, bounded, and forgets."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import kombu
import pytest

from gateway.embedded import EmbeddedBroker
from gateway.embedded.processes import wait_until


def exchange(url: str) -> object:
    with kombu.Connection(url) as connection:
        queue = connection.SimpleQueue("probe")
        queue.put({"batch": 7})
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
        return message.payload


def test_it_carries_messages_over_a_unix_socket(broker: EmbeddedBroker) -> None:
    url = broker.start()
    assert url.startswith("redis+socket:///")
    assert exchange(url) == {"batch": 7}


def test_a_socket_path_with_odd_characters_still_works(data: Path) -> None:
    server = EmbeddedBroker(data / "a folder, 100 % odd?")
    try:
        assert exchange(server.start()) == {"batch": 7}
    finally:
        server.stop()


def test_a_long_path_still_works(data: Path) -> None:
    server = EmbeddedBroker(data / ("d" * 120))
    try:
        assert exchange(server.start()) == {"batch": 7}
    finally:
        server.stop()


def test_it_comes_back_after_a_kill(broker: EmbeddedBroker) -> None:
    broker.start()
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)
    wait_until(lambda: not broker.alive(), 5)
    assert exchange(broker.start()) == {"batch": 7}


def test_it_writes_nothing_to_disk_and_its_folder_is_closed(
    broker: EmbeddedBroker, data: Path
) -> None:
    exchange(broker.start())
    folder = data / "broker"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.iterdir()] == ["valkey.sock"]
    broker.stop()
    assert list(folder.iterdir()) == []


def test_its_memory_is_bounded_and_nothing_is_dropped_in_silence(broker: EmbeddedBroker) -> None:
    with kombu.Connection(broker.start()) as connection:
        client = connection.default_channel.client
        assert client.config_get("maxmemory")["maxmemory"] == str(128 * 1024 * 1024)
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert client.config_get("port")["port"] == "0"


@pytest.mark.usefixtures("root")
def test_started_by_root_the_broker_is_somebody_else(broker: EmbeddedBroker) -> None:
    broker.start()
    lines = Path(f"/proc/{broker.pid}/status").read_text().splitlines()
    identity = next(line for line in lines if line.startswith("Uid:"))
    assert "0" not in identity.split()[1:]
