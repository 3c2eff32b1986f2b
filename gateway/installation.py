"""What lies in a data folder, and who may use it at a time?

::

    DATA/                    0700, ours
    ├── installation.json    says that the folder is an installation
    ├── greeted              the first key and token have been given out
    ├── lock                 held (flock) by whoever runs the servers
    ├── secrets/             one file each, 0600: role passwords, and the key file of development
    ├── postgres/  broker/   the embedded servers; theirs alone
    ├── logs/                what the processes say; nothing personal
    └── run/                 working folder of the processes; running.json says where `up` listens,
                             metrics/ holds what the running processes count
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.embedded import folders
from gateway.embedded.errors import FolderUnsafe
from policies.errors import ParaventError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = 1
ROLES = ("paravent_gateway", "paravent_workers", "paravent_auditor", "paravent_vault")


class InstallationInUse(ParaventError):
    """Another process runs the servers of this data folder."""

    code = "installation-in-use"
    remedy = "Use the one that runs, stop it with Ctrl-C, or name another folder with --data."


class InstallationMissing(ParaventError):
    """The folder holds no installation."""

    code = "installation-missing"
    remedy = (
        "Run `paravent up --data FOLDER` first, or name the folder it uses with --data or"
        " PARAVENT_DATA."
    )


class InstallationForeign(ParaventError):
    """The folder holds something that is not an installation of this version."""

    code = "installation-foreign"
    remedy = "Name a folder with --data that is empty, or does not exist yet."


@dataclass(frozen=True, slots=True)
class Running:
    """Where the `up` of an installation listens.

    Attributes:
        restarts: how often its processes were renewed since it began.
        stayed: the process that could not be renewed at the last try, if any.
    """

    url: str
    pid: int
    restarts: int = 0
    stayed: str | None = None


def default_folder() -> Path:
    """Give the data folder of whoever runs this: the machine's for root, otherwise their own."""
    if os.geteuid() == 0:
        return Path("/var/lib/paravent")
    own = os.environ.get("XDG_DATA_HOME", "")
    shared = Path(own) if own.startswith("/") else Path.home() / ".local" / "share"
    return shared / "paravent"


class Installation:
    """A data folder.  Reading it needs no lock; running its servers does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.run = folder / "run"
        self.counters = self.run / "metrics"
        self.keys = folder / "secrets" / "keys.json"
        self.erasures = folder / "journal" / "erasures.jsonl"
        self._secrets = folder / "secrets"
        self._running = self.run / "running.json"

    @classmethod
    def open(cls, folder: Path | None = None, *, create: bool = False) -> Installation:
        """Open the installation in *folder* (default: `default_folder`), or make one there.

        Raises:
            InstallationMissing: there is none, and *create* is false.
            InstallationForeign: the folder holds other files, or another version's installation.
            FolderUnsafe: the folder belongs to somebody else.
        """
        path = (folder or default_folder()).expanduser().absolute()
        mark = path / "installation.json"
        try:
            made = mark.exists()
            holds_other_files = not made and path.exists() and any(path.iterdir())
        except OSError as failure:
            raise FolderUnsafe(f"{path} cannot be read: {failure.strerror}") from None
        if holds_other_files:
            raise InstallationForeign(f"{path} holds other files; needed an empty folder")
        if not made and not create:
            raise InstallationMissing(f"{path} holds no installation; needed one")
        if made and _format_of(mark) != FORMAT:
            raise InstallationForeign(f"{mark} is of another version; needed format {FORMAT}")
        installation = cls(folders.private_folder(path))
        if not made:
            folders.write_private(mark, json.dumps({"format": FORMAT}) + "\n")
        for part in (
            installation._secrets,
            installation.logs,
            installation.run,
            installation.erasures.parent,
        ):
            folders.private_folder(part)
        return installation

    def password(self, role: str) -> str:
        """Give the password of run-time role *role*, made at its first use."""
        return folders.kept_secret(self._secrets / f"role-{role}")

    def passwords(self) -> dict[str, str]:
        """Give the password of every run-time role."""
        return {role: self.password(role) for role in ROLES}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock; the kernel lets go of it however this process ends.

        Raises:
            InstallationInUse: another process holds it.
        """
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "?"
                raise InstallationInUse(
                    f"process {holder} runs on {self.folder}; needed it to have stopped"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def greeted(self) -> bool:
        """Say whether the first key and token have been given out."""
        return (self.folder / "greeted").exists()

    def greet(self) -> None:
        """Note that the first key and token have been given out."""
        folders.write_private(self.folder / "greeted", "")

    def remember(self, policies: Path | None, schedule: Mapping[str, float]) -> None:
        """Note which rulebook `up` runs with, and by which schedule the wrapping key is kept."""
        folders.write_private(self.run / "policies.json", json.dumps(str(policies or "")))
        folders.write_private(self.run / "schedule.json", json.dumps(dict(schedule)))

    def policies(self) -> Path | None:
        """Give the rulebook folder the last `up` ran with; ``None`` means the packaged one.

        Before the first, that of ``PARAVENT_POLICIES``.
        """
        try:
            text = json.loads((self.run / "policies.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            text = os.environ.get("PARAVENT_POLICIES", "")
        return Path(text) if text else None

    def schedule(self) -> Mapping[str, float] | None:
        """Give the schedule the last `up` ran by; ``None`` before the first."""
        try:
            found: dict[str, float] = json.loads((self.run / "schedule.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def begin_counting(self) -> None:
        """Empty the folder the processes count in: counters begin anew with each `up`."""
        shutil.rmtree(self.counters, ignore_errors=True)
        folders.private_folder(self.counters)

    def publish(self, running: Running) -> None:
        """Leave word where `up` listens."""
        folders.write_private(self._running, json.dumps(asdict(running)) + "\n")

    def withdraw(self) -> None:
        """Take that word back."""
        self._running.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """Give where `up` listens; ``None`` when nothing runs."""
        with contextlib.suppress(InstallationInUse), self.locked():
            return None
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Running(**json.loads(self._running.read_text(encoding="utf-8")))
        return None


def _format_of(mark: Path) -> object:
    try:
        return json.loads(mark.read_text(encoding="utf-8")).get("format")
    except (OSError, ValueError, AttributeError):
        return None
