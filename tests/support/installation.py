"""A whole installation as `paravent up` starts it, in a folder of its own, and requests to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateway.embedded import EmbeddedPostgres

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "gateway.cli.main"]


@dataclass
class Installed:
    """A running `paravent up`, and everything it and its commands have said so far."""

    data: Path
    process: subprocess.Popen[bytes]
    url: str
    write_key: str
    operator_token: str
    http: httpx.Client
    said: list[str] = field(default_factory=list)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a request as a source, unless *options* bring other credentials."""
        return self.request("POST", path, **{"auth": (self.write_key, ""), **options})

    def as_operator(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        bearer = {"authorization": f"Bearer {self.operator_token}"}
        return self.request(method, path, headers={**(headers or {}), **bearer}, **options)

    def request(
        self, method: str, path: str, *, kept: bool = True, **options: Any
    ) -> httpx.Response:
        """Send a request; what was answered is kept, headers and all, unless it is not to be."""
        answer = self.http.request(method, path, **options)
        if kept:
            self.said += [f"{answer.status_code} {answer.reason_phrase}", str(answer.headers)]
            self.said.append(answer.text)
        return answer

    def command(
        self, *words: str, given: str = "", settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this installation."""
        done = subprocess.run(
            [*COMMAND, *words, "--data", str(self.data)], cwd=REPOSITORY,
            env=environment() | dict(settings or {}),
            input=given, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        self.said += [done.stdout, done.stderr]
        return done

    def command_on_owner(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the installation's databases, as their owner, while `up` runs."""
        postgres = EmbeddedPostgres(self.data)
        given = {f"PARAVENT_{name.upper()}_DSN": postgres.dsn(name) for name in ("store", "vault")}
        done = subprocess.run(
            [*COMMAND, *words], cwd=REPOSITORY, env=environment() | given,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        self.said += [done.stdout, done.stderr]
        return done

    def arguments(self) -> list[str]:
        """Give the command line of every process of the installation, as `ps` shows it."""
        parents = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat[1])
        family = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        lines = []
        for pid in sorted(family):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
                lines.append(Path(f"/proc/{pid}/cmdline").read_bytes().decode())
        return lines

    def files(self) -> Iterator[Path]:
        """Give every file of the installation."""
        return (path for path in self.data.rglob("*") if path.is_file())

    def printed(self) -> str:
        """Give what `up` has printed since its first line: all of it, once it has stopped."""
        assert self.process.stdout is not None
        rest = b"" if self.process.poll() is None else self.process.stdout.read()
        return (self.data.parent / "stderr").read_text() + rest.decode()

    def start_again(self) -> bool:
        """Start it again at the same address, after its `up` was killed; say whether it runs.

        It does not while the gateway that was left behind still has answers to give.
        """
        process = _up(self.data, urlsplit(self.url).port or 0)
        assert process.stdout is not None
        said = process.stdout.readline().decode()
        process.stdout.close()
        self.said.append(said)
        runs = "url" in json.loads(said or "{}")
        if runs:
            self.process = process
        else:
            process.wait(90)
        return runs

    def stop(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(90)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PARAVENT_")}


def _up(
    data: Path, port: int, *arguments: str, settings: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    options = ["--data", str(data), "--port", str(port), "--json", *map(str, arguments)]
    with (data.parent / "stderr").open("ab") as errors:
        return subprocess.Popen(
            [*COMMAND, "up", *options],
            cwd=REPOSITORY, env=environment() | dict(settings or {}), stdout=subprocess.PIPE,
            stderr=errors,
        )  # fmt: skip


@contextmanager
def installed(
    *arguments: str, inside: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Installed]:
    """Start an installation in a new folder; stop it and remove the folder at the end."""
    closed = Path(tempfile.mkdtemp(prefix="paravent-installed-", dir=inside))
    data = closed / "data"
    process = _up(data, 0, *arguments, settings=settings)
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline() or b"{}")
        assert "url" in said, (closed / "stderr").read_text()
        http = httpx.Client(base_url=said["url"], timeout=60)
        home = Installed(data, process, **said, http=http)
        try:
            yield home
        finally:
            home.stop()
            process.stdout.close()
    finally:
        shutil.rmtree(closed)
