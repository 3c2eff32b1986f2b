"""The test run itself keeps its promises: a closed network and a clean environment."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.request

import httpx
import pytest

from tests.support.network import NetworkClosed

OUTSIDE = ("192.0.2.1", 80)  # RFC 5737: an address that belongs to nobody


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as outward, pytest.raises(NetworkClosed):
        outward.connect(OUTSIDE)


def test_a_datagram_to_another_machine_is_refused() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward,
        pytest.raises(NetworkClosed),
    ):
        outward.sendto(b"hello", OUTSIDE)


def test_looking_up_another_machine_is_refused() -> None:
    with pytest.raises(NetworkClosed):
        socket.getaddrinfo("example.org", 443)


@pytest.mark.parametrize("fetch", [urllib.request.urlopen, httpx.get])
def test_http_clients_are_held_too(fetch: object) -> None:
    with pytest.raises(NetworkClosed):
        fetch("http://example.org/")  # type: ignore[operator]


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as here:
        port = here.getsockname()[1]
        socket.create_connection(("localhost", port), timeout=2).close()


def test_unix_sockets_stay_open(tmp_path: object) -> None:
    path = f"{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as here, socket.socket(socket.AF_UNIX) as caller:
        here.bind(path)
        here.listen()
        caller.connect(path)


def test_no_setting_of_ours_reaches_a_test() -> None:
    assert [name for name in os.environ if name.startswith(("PARAVENT_", "PG"))] == []


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip"), reason="only root, with ip, may make a network"
)


@needs_root
@pytest.mark.parametrize(
    ("does", "status"),
    [("pass", 0), ("import sys; sys.exit(7)", 7), ("socket.gethostbyname('localhost')", 0)],
)
def test_what_stays_here_passes_the_seal_and_keeps_its_status(does: str, status: int) -> None:
    assert _sealed(f"import socket; {does}").returncode == status


@needs_root
@pytest.mark.parametrize(
    ("does", "to"),
    [
        ("s = socket.socket(); s.settimeout(0.2); s.connect_ex(('198.51.100.7', 443))",
         "198.51.100.7"),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('198.51.100.7', 53))",
         "198.51.100.7"),
        ("socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'', ('2001:db8:7::7', 53))",
         "2001:db8:7::7"),
    ],
)  # fmt: skip
def test_what_any_process_sends_outside_is_caught_by_the_seal(does: str, to: str) -> None:
    """As it is of a process without ``close_network``, such as a server that a test starts."""
    sent = _sealed(f"import socket; {does}")
    assert sent.returncode == 1
    assert f"packets went to {to}" in sent.stderr


def _sealed(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.support.sealed", sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
