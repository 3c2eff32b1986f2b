"""Processes are renewed, stopped and migrated under load, and no client notices.

The clients here try nothing twice: whatever they send is answered with 200, or the test fails.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from gateway.embedded import EmbeddedPostgres
from gateway.embedded.processes import wait_until
from pseudonymizer.vault import signers
from tests.support.builders import ADA, identify
from tests.support.installation import installed
from tests.support.outages import PEOPLE, Patient, Sender, descendants, eventually, order

pytestmark = pytest.mark.journey

SOME = 40
PAUSE_S = 0.03  # between two requests of one sender: some 100 a second, so that none waits long
SENDERS = (1, 1, 1, 20, 60)  # events a request; the last takes the bulk lane


@pytest.fixture(scope="module")
def running() -> Iterator[Patient]:
    with installed("--gateways", "2") as home:
        yield Patient(home)


@pytest.fixture
def patient(running: Patient) -> Patient:
    """An installation of which both gateways serve, whatever the test before has done to them."""
    eventually(lambda: "paravent_gateways 2.0" in counters(running), "two gateways")
    return running


def counters(patient: Patient) -> str:
    return patient.home.request("GET", "/metrics", kept=False).text


def gateways(patient: Patient) -> set[int]:
    """Give the numbers of the gateway processes."""
    found = set()
    for pid in descendants(patient.home.process.pid):
        words = Path(f"/proc/{pid}/cmdline")
        if b"gateway.main" in (words.read_bytes() if words.exists() else b""):
            found.add(pid)
    return found


@contextmanager
def uninterrupted(patient: Patient) -> Iterator[list[Sender]]:
    """Send all the while; at the end nothing was refused, and everything answered is stored."""
    with patient.sending(*SENDERS, pause_s=PAUSE_S) as senders:
        for sender in senders:
            sender.send_more(SOME // 4)
        yield senders
        for sender in senders:
            sender.send_more(SOME // 4)
    assert [dict(sender.refused) for sender in senders] == [{}] * len(SENDERS)


def test_a_rolling_restart_fails_no_request(patient: Patient) -> None:
    before = gateways(patient)
    assert len(before) == 2
    with uninterrupted(patient) as senders:
        done = patient.home.command("restart", "--json")
        assert (done.returncode, json.loads(done.stdout)) == (0, {"renewed": True}), done.stderr
    after = gateways(patient)
    assert len(after) == 2
    assert not before & after
    assert max(sender.longest_s for sender in senders) < 8
    eventually(patient.caught_up, "catching up")


def test_what_cannot_start_leaves_everything_as_it_was(patient: Patient) -> None:
    before = gateways(patient)
    keys = patient.home.data / "secrets" / "keys.json"
    kept = keys.read_bytes()
    with uninterrupted(patient):
        keys.write_bytes(b"{}")
        try:
            done = patient.home.command("restart", "--json")
        finally:
            keys.write_bytes(kept)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "not-renewed"
    assert gateways(patient) == before


STEP_BACK = (
    "alter table audit.entry drop constraint ck_entry_reference",
    "alter table audit.entry drop constraint ck_entry_workers, drop constraint ck_entry_length",
    "update store.alembic_version set version_num = '0002'",
)


def test_migrating_fails_no_request(patient: Patient) -> None:
    """Once with a migration to run, and once with every grant taken and given again."""
    with psycopg.connect(patient.dsn()) as owner:
        for statement in STEP_BACK:
            owner.execute(statement.encode())
    with uninterrupted(patient):
        for _ in range(2):
            done = patient.home.command_on_owner("migrate", "--json")
            assert done.returncode == 0, done.stderr
    found = patient.rows("select version_num, count(*) from store.alembic_version, pg_constraint"
                         " where conname like 'ck_entry_%%' group by 1")  # fmt: skip
    assert found == [("0014", 3)]


# Of the signers, which turn alike, one in the gate and all in the long run.
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SIGNERS = tuple(signers.SIGNERS) if LONG else ("sign-audit",)
KEYS = ("idx", "kek", "sup", "mid", "pid", *SIGNERS)


@pytest.mark.timeout(900)  # up to eight rotations, each a command under load
def test_rotating_keys_fails_no_request_and_makes_nobody_twice(patient: Patient) -> None:
    vault = EmbeddedPostgres(patient.home.data).dsn("vault")
    first = [f"stranger-{number}" for number in range(20)]
    senders = {"batch": [order() for _ in PEOPLE]}  # each of them is known before we count
    assert patient.home.post("/v1/batch", json=senders).status_code == 200
    with psycopg.connect(vault) as owner:
        before = owner.execute("select count(*) from vault.subject").fetchone()
    greet(patient, first)
    met, sent = list(first), list[int]()
    with uninterrupted(patient):
        for key in KEYS:
            again = [order() for _ in range(20)]
            assert patient.home.post("/v1/batch", json={"batch": again}).status_code == 200
            sent += [round(call["properties"]["total"] * 100) for call in again]
            done = patient.home.command("keys", "rotate", key, "--json")
            second = 1 if key == "pid" else 2  # epochs are counted from nought
            assert (done.returncode, json.loads(done.stdout)["version"]) == (0, second), done.stderr
            for call in again:  # one by one, so that each gateway gets some
                assert patient.home.post("/v1/track", json=call).status_code == 200
            met += [f"{key}-{number}" for number in range(20)]
            greet(patient, met)
    assert set(patient.stored(sent).values()) == {1}
    published = patient.home.request("GET", "/.well-known/paravent-keys.json").json()["keys"]
    versions = {name: [each["version"] for each in known] for name, known in published.items()}
    assert versions == {name: [1, 2][: 1 + (name in KEYS)] for name in signers.SIGNERS}
    for key in SIGNERS[:2]:
        done = patient.home.command("keys", "destroy", key, "1", "--json")
        assert done.returncode == 0, done.stderr
    for key in ("mid", "sup"):
        refused = patient.home.command("keys", "destroy", key, "1", "--json")
        assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (
            1,
            "key-in-use",
        )
    done = patient.home.command("keys", "destroy", "kek", "1", "--json")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(vault) as owner:
        after = owner.execute("select count(*) from vault.subject").fetchone()
        wrapped = owner.execute("select distinct kek_version from vault.bucket").fetchall()
    assert before is not None
    assert after == (before[0] + 2 * len(met),)  # each of them, and their browser
    assert wrapped == [(2,)]
    # Browsers are known by an index alone: theirs stay under the old version until they come back.
    due = patient.home.command("keys", "ratchet", "--json")
    assert json.loads(due.stdout) == {"done": [], "scheduled": True}
    refused = patient.home.command("keys", "destroy", "idx", "1", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (1, "key-in-use")
    greet(patient, met)


def greet(patient: Patient, names: Sequence[str]) -> None:
    """Have people sign in, each in a browser of their own; all of them are admitted."""
    calls = [
        identify(replace(ADA, user_id=name, anonymous_id=f"browser-of-{name}"),
                 at=datetime.now(UTC), traits={"email": f"{name}@example.org", "phone": ""})
        for name in names
    ]  # fmt: skip
    assert patient.home.post("/v1/batch", json={"batch": calls}).status_code == 200


def test_a_gateway_that_is_killed_makes_nobody_wait_for_its_return(patient: Patient) -> None:
    """What it held is lost to its clients, who send again; who connects is taken by the other."""
    victim = min(gateways(patient))
    os.kill(victim, signal.SIGKILL)
    auth = (patient.home.write_key, "")
    with httpx.Client(base_url=patient.home.url, auth=auth) as http_client:
        for _ in range(SOME):
            assert http_client.post("/v1/track", json=order(), timeout=3).status_code == 200
    eventually(lambda: len(gateways(patient) - {victim}) == 2, "the gateway's return")


def test_a_stopping_gateway_says_so_and_answers_what_it_holds(patient: Patient) -> None:
    """One process, and connections of every kind it may hold when it is told to stop."""
    first, *others = sorted(gateways(patient))
    lines: list[Line] = []
    for other in others:  # frozen, so that the one process answers; freed at the end
        os.kill(other, signal.SIGSTOP)
    try:
        with patient.unattended():
            idle, halfway, whole = lines = [Line(patient) for _ in range(3)]
            for line in (idle, halfway, whole):  # each is taken by the process now
                assert line.ask("GET", "/readyz").status == 200
            halfway.begin(order())
            os.kill(first, signal.SIGTERM)
            left = wait_until(lambda: whole.ask("GET", "/readyz").status == 503, 3, pause=0.01)
            assert left
            assert whole.answers[-1].headers["connection"] == "close"
            assert json.loads(whole.bodies[-1])["gateway"] == "draining"
            assert halfway.finish().status == 200
            assert halfway.answers[-1].headers["connection"] == "close"
            assert idle.closed()
            assert wait_until(lambda: not alive(first), 10)
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)
        for line in lines:
            line.hang_up()
    eventually(lambda: len(gateways(patient) - {first}) == 2, "the gateway's return")
    assert set(patient.stored(halfway.sent).values()) == {1}


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


class Line:
    """One connection to the gateway, kept open."""

    def __init__(self, patient: Patient) -> None:
        where = httpx.URL(patient.home.url)
        self._key = patient.home.write_key
        self._http = http.client.HTTPConnection(where.host, where.port, timeout=20)
        self.answers: list[http.client.HTTPResponse] = []
        self.bodies: list[bytes] = []
        self.sent: list[int] = []
        self._rest = b""

    def ask(self, method: str, path: str) -> http.client.HTTPResponse:
        if self._http.sock is None and self.answers:
            return self.answers[-1]  # it was closed after that one
        self._http.request(method, path)
        return self._read()

    def begin(self, event: dict[str, Any]) -> None:
        """Send a request but for the second half of its body."""
        self.sent.append(round(event["properties"]["total"] * 100))
        body = json.dumps(event | {"writeKey": self._key}).encode()
        half, self._rest = body[: len(body) // 2], body[len(body) // 2 :]
        self._http.putrequest("POST", "/v1/track")
        self._http.putheader("content-length", str(len(body)))
        self._http.endheaders(half)

    def finish(self) -> http.client.HTTPResponse:
        self._http.send(self._rest)
        return self._read()

    def closed(self) -> bool:
        """Say whether the other side has hung up; waits until it does."""
        assert isinstance(self._http.sock, socket.socket)
        return self._http.sock.recv(1) == b""

    def hang_up(self) -> None:
        self._http.close()
        for answer in self.answers:
            answer.close()

    def _read(self) -> http.client.HTTPResponse:
        answer = self._http.getresponse()
        self.answers.append(answer)
        self.bodies.append(answer.read())
        return answer
