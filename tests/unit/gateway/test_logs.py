"""What a process says when something goes wrong: what and where, and never about whom."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PERSON = "ada@example.org"
FAILURES = {
    "main": "raise ValueError(person)",
    "thread": "def fail():\n    raise ValueError(person)\n"
    "thread = threading.Thread(target=fail)\nthread.start()\nthread.join()",
    "library": "try:\n    raise ValueError(person)\nexcept ValueError:\n"
    "    logging.getLogger('some.library').exception('row %s', person)",
    "uvicorn": "logging.getLogger('uvicorn.error').warning('path %s', person)",
}


def said(configure: str, failure: str) -> str:
    program = f"import logging, sys, threading\n{configure}\nperson = sys.argv[1]\n{failure}\n"
    done = subprocess.run(
        [sys.executable, "-c", program, PERSON], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_the_gateway_names_a_failure_and_its_place_only(failure: str) -> None:
    line = said("from gateway.logs import configure; configure()", failure)
    assert PERSON not in line
    assert "Traceback" not in line
    document = json.loads(line)
    assert document.get("error") == ("ValueError" if "ValueError" in failure else None)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_worker_names_a_failure_and_its_place_only(failure: str) -> None:
    line = said("from workers.logs import configure; configure()", failure)
    assert PERSON not in line
    assert "Traceback" not in line
    document = json.loads(line)
    assert document.get("error") == ("ValueError" if "ValueError" in failure else None)


@pytest.mark.parametrize("side", ["gateway", "workers"])
def test_a_key_that_is_not_listed_is_dropped(side: str) -> None:
    failure = "import structlog\nstructlog.get_logger().warning('away', count=1, email=person)"
    line = said(f"from {side}.logs import configure; configure()", failure)
    document = json.loads(line)
    assert document.pop("timestamp")
    assert document == {"event": "away", "count": 1, "level": "warning"}


def test_a_line_that_cannot_be_written_ends_nothing() -> None:
    program = (
        "import structlog\nfrom gateway.logs import configure\nconfigure()\n"
        "log = structlog.get_logger()\nlog.warning('one')\nprint('went on')"
    )
    with open("/dev/full", "w") as full:  # noqa: PTH123  # a device
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=True,
        )
    assert done.stdout == "went on\n"
