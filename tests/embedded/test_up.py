"""`paravent up`: one line when ready, everything tended, everything stopped, nothing shown."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.embedded.processes import wait_until

pytestmark = pytest.mark.journey

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "gateway.cli.main"]


@dataclass
class Up:
    """A running `paravent up` and the line it printed."""

    process: subprocess.Popen[str]
    said: dict[str, Any]
    data: Path

    def children(self) -> dict[str, int]:
        """Give the process number of every child, by its log's name."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                words = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if int(parent) == self.process.pid and words[0]:
                found[_named(words)] = int(entry.name)
        return found


def _named(words: list[str]) -> str:
    if "-m" in words:
        module = words[words.index("-m") + 1]
        return "gateway" if module == "gateway.main" else words[words.index("-m") + 2]
    return Path(words[0].split()[0]).name


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PARAVENT_")}


def paravent(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=REPOSITORY, env=environment(), check=False,
                          capture_output=True, text=True, timeout=120)  # fmt: skip


def start(data: Path, *arguments: str) -> Up:
    process = subprocess.Popen(
        [*COMMAND, "up", "--data", str(data), "--port", "0", "--json", *arguments],
        cwd=REPOSITORY, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = json.loads(process.stdout.readline() or '{"error": "nothing said"}')
    if "error" in said:
        raise AssertionError(said, process.communicate()[1])
    return Up(process, said, data)


def end(up: Up, number: signal.Signals = signal.SIGINT) -> tuple[str, str]:
    if up.process.poll() is None:
        up.process.send_signal(number)
    return up.process.communicate(timeout=90)


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """A running installation for the tests that leave it running: a start takes seconds."""
    closed = Path(tempfile.mkdtemp(prefix="paravent-up-"))
    running = start(closed / "data")
    yield running
    end(running)
    shutil.rmtree(closed)


@pytest.fixture
def own(data: Path) -> Iterator[Up]:
    """A running installation for a test that ends it."""
    running = start(data)
    yield running
    end(running)


def ready(up: Up) -> bool:
    try:
        with urllib.request.urlopen(up.said["url"] + "/readyz", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_second_up_on_the_same_folder_is_refused(up: Up) -> None:
    second = paravent("up", "--data", str(up.data), "--port", "0", "--json")
    assert second.returncode == 1
    assert json.loads(second.stdout)["error"]["code"] == "installation-in-use"
    assert f"process {up.process.pid} runs" in second.stderr
    assert ready(up)


def test_a_taken_port_is_refused_before_anything_starts(up: Up, tmp_path: Path) -> None:
    port = up.said["url"].rsplit(":", 1)[1]
    refused = paravent("up", "--data", str(tmp_path / "other"), "--port", port)
    assert refused.returncode == 1
    assert "needed a free port" in refused.stderr
    assert not (tmp_path / "other" / "postgres").exists()


def test_every_child_that_is_killed_comes_back(up: Up) -> None:
    before = up.children()
    assert {"postgres", "valkey-server", "gateway", "worker", "relay", "beat"} <= set(before)
    for name in ("gateway", "worker", "relay", "beat", "valkey-server", "postgres"):
        os.kill(before[name], signal.SIGKILL)

        def back(name: str = name) -> bool:
            return up.children().get(name, before[name]) != before[name]

        assert wait_until(back, 30, pause=0.1), name
    assert wait_until(lambda: ready(up), 60, pause=0.2)


def test_secrets_are_in_no_argument_and_no_log(up: Up) -> None:
    secrets = [up.said["write_key"], up.said["operator_token"]]
    secrets += [path.read_text().strip() for path in (up.data / "secrets").glob("[rp]*")]
    assert len(secrets) == 7
    pids = [up.process.pid, *up.children().values()]
    shown = "".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in pids)
    shown += "".join(log.read_text() for log in (up.data / "logs").iterdir())
    assert not [secret for secret in secrets if secret in shown]


def test_a_worker_holds_neither_the_vault_nor_keys(up: Up) -> None:
    children = up.children()
    vault = (up.data / "secrets" / "role-paravent_vault").read_text().strip()
    for name in ("worker", "relay", "beat"):
        held = Path(f"/proc/{children[name]}/environ").read_bytes().decode().split("\0")
        names = {line.split("=", 1)[0] for line in held}
        assert not [each for each in names if each.startswith(("PARAVENT_VAULT", "PARAVENT_KEY"))]
        assert not [line for line in held if vault in line]


def test_sources_and_operators_are_added_while_it_runs(up: Up) -> None:
    running = paravent("sources", "add", "shop-web", "--data", str(up.data), "--json")
    assert running.returncode == 0, running.stderr
    key = json.loads(running.stdout)["write_key"]
    assert key.startswith("pk_")
    twice = paravent("sources", "add", "shop-web", "--data", str(up.data), "--json")
    assert (twice.returncode, json.loads(twice.stdout)["error"]["code"]) == (1, "source-exists")
    state = paravent("status", "--data", str(up.data), "--json")
    assert json.loads(state.stdout)["ready"] is True
    rotated = paravent(
        "sources", "rotate", "shop-web", "--revoke", "--data", str(up.data), "--json"
    )
    assert json.loads(rotated.stdout)["write_key"] != key
    listed = json.loads(paravent("sources", "list", "--data", str(up.data), "--json").stdout)
    shop = next(each for each in listed if each["name"] == "shop-web")
    assert sorted(each["state"] for each in shop["keys"]) == ["in force", "revoked"]
    assert key not in json.dumps(listed)
    operator = paravent("operators", "add", "Grace Hopper", "--data", str(up.data), "--json")
    assert json.loads(operator.stdout)["operator_token"]


def test_the_first_start_prints_keys_once_and_nothing_is_left_after_it(own: Up) -> None:
    assert set(own.said) == {"url", "write_key", "operator_token"}
    children = own.children()
    rest, _ = end(own, signal.SIGTERM)
    assert (rest, own.process.returncode) == ("", 0)
    assert not [name for name, pid in children.items() if not gone(pid)]
    assert not (own.data / "postgres" / "cluster" / "postmaster.pid").exists()
    state = paravent("status", "--data", str(own.data), "--json")
    assert (state.returncode, json.loads(state.stdout)["running"]) == (1, False)


def test_killed_it_takes_everything_along_and_starts_again_without_keys(own: Up) -> None:
    children = own.children()
    own.process.kill()
    own.process.communicate()
    for name, pid in children.items():
        assert wait_until(lambda pid=pid: gone(pid), 40), name
    again = start(own.data)
    assert set(again.said) == {"url"}
    assert ready(again)
    end(again)


def gone(pid: int) -> bool:
    """Say whether *pid* has ended, reaped or not."""
    command = Path(f"/proc/{pid}/cmdline")
    return not command.exists() or not command.read_bytes()


def test_a_rulebook_that_is_wrong_costs_no_start(data: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "purposes.yaml").write_text("purposes: [")
    refused = paravent("up", "--data", str(data), "--policies", str(rules), "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["code"] == "rulebook-invalid"
    assert not (data / "postgres").exists()
