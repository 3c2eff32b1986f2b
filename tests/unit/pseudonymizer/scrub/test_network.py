"""The scrubber opens no socket and leaves no file behind, from its building on (R-66)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WITHOUT_SOCKETS = """
import socket

import pseudonymizer.generalise
import pseudonymizer.scrub.closer_look  # urllib3 tries at import whether the machine has IPv6

def refused(*_arguments, **_options):
    raise SystemExit("a socket was opened")

socket.socket.__init__ = refused
socket.getaddrinfo = refused
socket.create_connection = refused
socket.gethostbyname = refused

from pseudonymizer.generalise import Generaliser
from pseudonymizer.scrub.engine import Scrubber

scrubber = Scrubber().warm()
assert scrubber.scrub("a ada@example.co.uk b").text == "a <EMAIL_ADDRESS> b"
assert scrubber.naive_findings("ada@example.org")[0].score == 1.0
generaliser = Generaliser(scrubber)
assert generaliser.referrers(["https://www.example.co.uk/x"]) == ["example.co.uk"]
"""


def test_finding_an_address_opens_no_socket_and_writes_no_file(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_SOCKETS],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.rglob("*")) == []
