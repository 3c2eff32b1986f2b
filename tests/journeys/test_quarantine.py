"""A running installation sets an event aside: nothing of it lies anywhere in clear, until it opens.

The officer's key is no part of the installation.  Commands run as they would at a terminal.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.quarantine import app
from policies.vocabulary import Suspicion
from tests.support.builders import Person, track
from tests.support.canaries import CONTROL, KANARI
from tests.support.canary_traces import Traces
from tests.support.installation import Installed, installed
from tests.support.quarantine import NIR, Officer

pytestmark = [pytest.mark.journey, pytest.mark.long]  # it searches every file of an installation

BESIDE = "quinquinquin"  # the number, and in no other place
WHO = Person(KANARI.user_id, "", "", "")


@pytest.fixture(scope="module")
def officer(tmp_path_factory: pytest.TempPathFactory) -> Officer:
    return Officer.hired(tmp_path_factory.mktemp("officer"))


@pytest.fixture(scope="module")
def home(officer: Officer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("rules")
    officer.rulebook(folder, Suspicion.SOCIAL_SECURITY_NUMBER)
    with installed("--policies", str(folder)) as running:
        yield running


def as_officer(home: Installed, *words: str) -> subprocess.CompletedProcess[str]:
    token = {"PARAVENT_OPERATOR_TOKEN": home.operator_token}
    return home.command("quarantine", *words, "--json", settings=token)


def said(home: Installed, *words: str) -> dict[str, Any]:
    done = as_officer(home, *words)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_from_the_front_door_to_the_officer_and_back(
    home: Installed, officer: Officer, tmp_path: Path
) -> None:
    properties = {"query": f"{BESIDE} {NIR}", "colour": "brass"}
    call = track("Products Searched", WHO, at=datetime.now(UTC), properties=properties)
    assert home.post("/v1/track", json=call).status_code == 200
    assert home.post("/v1/batch", json={"batch": [call]}).status_code == 200

    (row,) = said(home, "list")["quarantine"]
    assert (row["reason"], row["state"]) == ("social-security-number", "waiting")
    number, key = str(row["number"]), ("--key", str(officer.file))
    counted = home.http.get("/metrics").text
    assert 'paravent_quarantined_total{reason="social-security-number"} 1.0' in counted
    assert "paravent_quarantine_rows 1.0" in counted

    other = Officer.hired(tmp_path)
    wrong = as_officer(home, "open", number, "--key", str(other.file))
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["error"]["code"] == "officer-key-wrong"

    lies = [*Traces(home).dumps().values(), "".join(home.said).encode(), counted.encode()]
    lies += [path.read_bytes() for path in home.files()]
    assert b"".join(lies).count(b"social-security-number") > 0
    for data in lies:
        assert KANARI.found_in(data) == []
        assert not any(each.encode() in data for each in (BESIDE, NIR, NIR.replace(" ", "")))

    opened = as_officer(home, "open", number, *key)
    event = json.loads(opened.stdout)["event_in_clear"]
    assert event["parts"]["properties"] == {"query": properties["query"]}  # no other is declared
    assert event["suspects"] == {"query": "social-security-number"}
    del home.said[-2:]  # the officer's own terminal

    whole = as_officer(home, "replay", number, *key)
    assert json.loads(whole.stdout)["error"]["code"] == "field-needed"
    sealed, released = tmp_path / "sealed", tmp_path / "event"
    said(home, "take", number, "--out", str(sealed))
    assert BESIDE.encode() not in sealed.read_bytes()
    words = ["read", str(sealed), *key, "--drop", "properties.query", "--out", str(released)]
    assert CliRunner().invoke(app, words).exit_code == 0  # away from the installation
    assert NIR.encode() not in released.read_bytes()
    done = said(home, "replay", number, "--event", str(released))
    assert done == {"number": row["number"], "outcome": "stored", "settled": True}
    assert said(home, "list")["quarantine"][0]["state"] == "replayed"
    gone = as_officer(home, "discard", number)
    assert json.loads(gone.stdout)["error"]["code"] == "quarantine-settled"

    traces = Traces(home)
    entries = [json.loads(header) for header in traces.audit_headers()]
    entries = [each for each in entries if each["action"].startswith("quarantine:")]
    assert len({uuid.UUID(each["fields"]["by"]) for each in entries}) == 1  # one officer
    assert [each["action"] for each in entries] == [
        "quarantine:opened", "quarantine:replay-asked", "quarantine:taken",
        "quarantine:replay-asked", "quarantine:replayed",
    ]  # fmt: skip
    traces.plant(CONTROL)
    home.stop()
    planted = 0
    for path in home.files():
        data = path.read_bytes()
        assert KANARI.found_in(data) == [], path
        assert BESIDE.encode() not in data, path
        planted += bool(CONTROL.found_in(data))
    assert planted > 1  # a search that finds nothing would have found something
