"""A real Prometheus, where this machine has one."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.embedded.processes import wait_until

PROGRAMS = ("prometheus", "promtool")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
needs_prometheus = pytest.mark.skipif(
    bool(MISSING),
    reason=f"NOT RUN: {' and '.join(MISSING)} not on the PATH; `apt-get install prometheus`",
)
CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: paravent
    static_configs: [{{targets: ["{target}"]}}]
"""


@dataclass
class Prometheus:
    """A Prometheus that scrapes one target every second."""

    http: httpx.Client

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Give the series *expression* comes to now; an error of it is a failure."""
        answer = self.http.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", (expression, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        groups = self.http.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


@contextmanager
def prometheus(folder: Path, *, target: str, rules: Path) -> Iterator[Prometheus]:
    """Run a Prometheus in *folder* that scrapes *target* until the end of this."""
    configuration = folder / "prometheus.yaml"
    configuration.write_text(CONFIGURATION.format(target=target, rules=rules))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:

            def ready() -> bool:
                try:
                    return http.get("/-/ready").status_code == httpx.codes.OK
                except httpx.TransportError:
                    return False

            assert wait_until(ready, 60, pause=0.1), (folder / "log").read_text()
            yield Prometheus(http)
    finally:
        process.terminate()
        process.wait(30)
