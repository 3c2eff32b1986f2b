"""Who is started tells who started it that it is ready; a socket may be handed down."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gateway.announcing import READY, STOPPING, Notices, announce, handed_down
from gateway.cli.gateways import PortTaken, bound
from gateway.cli.started import Wanted, started


def test_a_process_is_ready_once_it_has_said_so() -> None:
    notices = Notices()
    try:
        assert not notices.ready()
        announce(STOPPING, {"NOTIFY_SOCKET": notices.address})
        assert not notices.ready()
        announce(READY, {"NOTIFY_SOCKET": notices.address})
        assert notices.ready()
        notices.forget()
        assert not notices.ready()
    finally:
        notices.close()
    assert not Path(notices.address).exists()


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@paravent-nobody"])
def test_where_nobody_listens_nothing_is_said(address: str) -> None:
    announce(READY, {"NOTIFY_SOCKET": address})


def test_a_socket_is_taken_from_systemd_only_when_it_is_meant_for_this_process() -> None:
    ours = str(os.getpid())
    assert handed_down({"LISTEN_PID": ours, "LISTEN_FDS": "1"}) == 3
    assert handed_down({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) is None
    assert handed_down({"LISTEN_PID": ours, "LISTEN_FDS": "2"}) is None
    assert handed_down({}) is None


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            bound("127.0.0.1", port)
        said = list[str]()
        wanted = Wanted(data=tmp_path / "data", host="127.0.0.1", port=port, policies=None)
        with pytest.raises(PortTaken), started(wanted, said.append):
            pass
        assert said == [], "nothing was started, so nothing is stopped"
    with bound("127.0.0.1", 0) as free:
        assert free.getsockname()[1] > 0
