"""Nothing leaks: a canary is sent through every field and door, and then looked for everywhere.

An e-mail address, a telephone number, an address of a machine, a customer number, a browser's
number and a name, in twelve encodings.  Another canary is planted on purpose, so that a search that
finds nothing is known to be one that would have found something.

A name is found by nothing but the event that says whose it is; so it is always said there.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from policies.load import load_rulebook
from tests.support.canaries import CONTROL, ENCODINGS, KANARI, Canary
from tests.support.canary_knocks import knock
from tests.support.canary_traces import Traces
from tests.support.canary_walk import Walk
from tests.support.installation import Installed, installed
from tests.support.run import Run

pytestmark = pytest.mark.journey

LOGS = ("gateway", "worker", "relay", "beat", "broker", "postgres", "initdb")
PROCESSES = ("gateway.main", "workers.main", "postgres", "valkey-server", "gateway.cli.main")
HEADER = {"action", "actor", "at", "commitment", "fields", "seq", "subject_ref"}
# All that may stand in an audit entry: numbers, words of ours, instants, and names of random keys.
SHOWN = {  # what the rulebook calls its notices
    word
    for rule in load_rulebook().notices.values()
    for word in (rule.key, rule.version, rule.language, rule.valid_from)
}
FIELD = re.compile(
    r"|[a-z][a-z_]{0,40}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    r"|[0-9a-f]{64}"
)


@dataclass
class Remains:
    """What the canary's way through an installation left, and where."""

    leaks: dict[str, list[str]] = field(default_factory=dict)
    planted: dict[str, list[str]] = field(default_factory=dict)
    searched: dict[str, int] = field(default_factory=dict)
    told: dict[str, str | None] = field(default_factory=dict)
    told_besides: list[str] = field(default_factory=list)
    pids: list[str] = field(default_factory=list)
    stored: int = 0
    entries: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    arguments: str = ""
    printed: str = ""

    def search(self, where: str, data: bytes | str) -> None:
        self.searched[where] = len(data)
        for found, canary in ((self.leaks, KANARI), (self.planted, CONTROL)):
            if seen := canary.found_in(data):
                found[where] = seen

    def search_all(self, parts: dict[str, bytes], when: str) -> None:
        for where, data in parts.items():
            self.search(f"{where}, {when}", data)

    def read(self, report: dict[str, Any]) -> None:
        """Take from the canary's own report what it may hold, and look for it in the rest."""
        self.told = {one["kind"]: one["value"] for one in report.pop("identifiers")}
        self.told_besides = KANARI.found_in(json.dumps(report, ensure_ascii=False))
        self.pids = [domain["pseudonym"] for domain in report["domains"]]
        self.stored = report["held"]["store.event"]


def go_through(home: Installed, walk: Walk, traces: Traces) -> None:
    """Send the canary through every door, and wait until all of it has been worked on."""
    walk.send()
    walk.choose()
    walk.import_files()
    knock(home, walk.calls, walk.some)
    walk.look_up()
    with traces.broken():
        walk.stumble()
    traces.wait_for_the_workers()
    walk.ask()


@pytest.fixture(scope="module")
def remains(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Remains:
    """Give what is left; whichever process of the run asks first goes through it."""
    kept = run.folder / "canaries.json"
    with run.lock("canaries"):
        if not kept.exists():
            kept.write_text(json.dumps(asdict(left_by(tmp_path_factory.mktemp("canary")))))
        return Remains(**json.loads(kept.read_text()))


def left_by(folder: Path) -> Remains:
    left = Remains()
    with installed() as home:
        walk = Walk(home, KANARI, load_rulebook(), folder)
        traces = Traces(home)
        with traces.broker_overheard() as overheard:
            go_through(home, walk, traces)
            left.search_all(traces.dumps(), "before the erasure")
            left.words = traces.words_of_events()
            walk.erase()
            traces.plant(CONTROL)
        left.search_all(traces.dumps(), "at the end")
        left.search("what the broker was told", b"".join(overheard))
        left.search("the broker's keys", traces.broker())
        left.search("/metrics", home.http.get("/metrics").text)
        left.arguments = "\n".join(home.arguments())
        left.read(walk.report)
        left.entries = [json.loads(header) for header in traces.audit_headers()]
        home.stop()
        left.printed = home.printed()
        left.search("what `up` printed", left.printed)
        left.search("arguments of processes", left.arguments)
        left.search("answers", "\n".join(home.said))
        for path in home.files():
            left.search(str(path.relative_to(home.data)), path.read_bytes())
    return left


@pytest.mark.parametrize("canary", [KANARI, CONTROL], ids=["the canary", "the control"])
def test_every_spelling_of_a_canary_is_found_by_the_search(canary: Canary) -> None:
    for _, _, text in canary.spellings():
        for around in ("{}", "x{}y", "https://shop.example.com/{}?", "('{}',)"):
            assert canary.found_in(around.replace("{}", text)), text
    for value in canary.kinds.values():
        for offset in range(3):
            assert canary.found_in(base64.b64encode(bytes(offset) + value.encode() + b"!")), value
    other = CONTROL if canary is KANARI else KANARI
    assert not [text for _, _, text in canary.spellings() if other.found_in(text)]


def test_nothing_of_the_canary_is_found_anywhere(remains: Remains) -> None:
    assert remains.leaks == {}


def test_a_canary_that_was_planted_is_found_everywhere(remains: Remains) -> None:
    places = {
        "pg_dump of the store, at the end", "pg_dump of the vault, at the end", "the broker's keys",
        "what the broker was told", "logs/postgres.log", "logs/gateway.log",
    }  # fmt: skip
    assert places <= set(remains.planted)
    assert min(len(remains.planted[place]) for place in places) > len(ENCODINGS)
    for folder in ("postgres/cluster/base/", "postgres/cluster/pg_wal/"):
        assert [where for where in remains.planted if where.startswith(folder)]


def test_everything_an_installation_leaves_was_searched(remains: Remains) -> None:
    assert {f"logs/{name}.log" for name in LOGS} <= set(remains.searched)
    assert [name for name in PROCESSES if name not in remains.arguments] == []
    assert min(remains.searched[each] for each in ("/metrics", "answers")) > 0
    assert "starting the gateway" in remains.printed
    assert "starting it again" not in remains.printed  # a process that died took its traces along


def test_as_much_as_possible_of_it_was_stored(remains: Remains) -> None:
    assert remains.stored > 10_000  # in two domains each
    # An address holds a word of its sender's name, which is looked for before any pattern is.
    masked = {"<IDENTIFIER>", "<PHONE_NUMBER>", "<IP_ADDRESS>", "/robes"}
    assert masked <= set(remains.words)


def test_only_the_persons_own_report_names_them(remains: Remains) -> None:
    assert remains.told["user_id"] == KANARI.user_id
    assert remains.told["anonymous_id"] is None  # kept as an index only
    assert remains.told_besides == []


def test_an_audit_entry_holds_words_of_ours_and_random_names_only(remains: Remains) -> None:
    assert {"case:opened", "identity:reveal", "erasure:completed", "audit:read"} <= {
        entry["action"] for entry in remains.entries
    }
    for entry in remains.entries:
        assert set(entry) == HEADER
        assert entry["actor"] in {"paravent_gateway", "paravent_admin"}
        assert re.fullmatch("|[0-9a-f]{64}", entry["subject_ref"])
        for value in entry["fields"].values():
            assert isinstance(value, int) or value in SHOWN or FIELD.fullmatch(value), entry


def test_no_audit_entry_holds_a_pseudonym_or_what_somebody_did(remains: Remains) -> None:
    log = json.dumps([[entry["fields"], entry["subject_ref"]] for entry in remains.entries])
    assert len(remains.pids) > 2  # their own, and those of the browsers they used
    for pid in map(uuid.UUID, remains.pids):
        for form in (str(pid), pid.hex, base64.b64encode(pid.bytes).decode().rstrip("=")):
            assert form not in log
    assert [word for word in remains.words if word in log] == []
