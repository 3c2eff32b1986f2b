"""What one test run shares between its xdist workers: a folder, an id, and the services outside.

The controller makes the folder and hands its path to the workers; nothing of the product's own
environment (``PARAVENT_*``) reaches a test, so a developer's settings cannot colour a result.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PREFIX = "paravent-tests-"
FAULT_SEED = "PARAVENT_FAULT_SEED"


@dataclass(frozen=True, slots=True)
class Services:
    """Servers that are already running and that the caller pointed at; ``None`` means embedded."""

    store_dsn: str | None
    vault_dsn: str | None
    broker_url: str | None

    @classmethod
    def from_environment(cls, environment: dict[str, str]) -> Services:
        return cls(
            store_dsn=environment.get("PARAVENT_STORE_DSN"),
            vault_dsn=environment.get("PARAVENT_VAULT_DSN"),
            broker_url=environment.get("PARAVENT_BROKER_URL"),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of pytest, whichever of its processes is asking."""

    folder: Path
    id: str
    services: Services

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Let one process of the run at a time through."""
        with (self.folder / f"{name}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def start_run(services: Services) -> Run:
    """Make the folder of a new run; its name carries our process id so that a later run can tell
    whether we are still alive."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    # Traversable: the embedded server runs as an unprivileged user and keeps its own 0700 folder.
    folder.chmod(0o711)
    return Run(folder=folder, id=f"{os.getpid()}_{folder.name[-4:]}".lower(), services=services)


def abandoned_runs() -> list[Path]:
    """Give the folders of runs whose controller is gone (killed, so it could not clean up)."""
    found = []
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and Path("/proc").exists():
            found.append(folder)
    return found


def clean_environment() -> None:
    """Take every setting of ours, and libpq's, out of this process."""
    for name in [name for name in os.environ if name.startswith(("PARAVENT_", "PG"))]:
        if name != FAULT_SEED:  # the tests' own: no process of the product hears of it
            del os.environ[name]
