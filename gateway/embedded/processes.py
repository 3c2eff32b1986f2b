"""How is a server process started, found again, and stopped?"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.embedded.errors import ServerNotStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.embedded.account import Account

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOG_LIMIT_BYTES = (
    8 * 1024 * 1024
)  # then one older log is kept; a broken client must not fill the disk
ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
Ladder = tuple[tuple[signal.Signals, float], ...]  # signals to send in turn, seconds to wait

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Everything a process is started with.

    Attributes:
        argv: the program and its arguments; nothing secret, every account can list them.
        folder: working folder; entered before stepping down.
        environment: its whole environment; nothing of ours is inherited.
        log: file its output is appended to (mode 0600); ``None`` discards it.
        account: whom root steps down to; ``None`` keeps this process's identity.
        death_signal: what the kernel sends it when we die (Linux).
        descriptor: an open file to execute instead of ``argv[0]``.
        inherited: open files it is handed, under the numbers they have here.
    """

    argv: Sequence[str]
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT, repr=False)
    log: Path | None = None
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGTERM
    descriptor: int | None = None
    inherited: tuple[int, ...] = ()


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Start a process in its own session, without a terminal, without core dumps.

    A terminal's Ctrl-C therefore reaches the supervisor alone, which stops its children in
    order.  On Linux the kernel sends the death signal when the *thread* that called this ends,
    so call it from one that lives as long as the process shall: normally the main thread.

    Raises:
        ServerNotStarted: the program cannot be executed, or root may not step down here.
    """
    output = _open_log(launch.log)
    try:
        return _popen(launch, output)
    except (OSError, subprocess.SubprocessError) as failure:
        reason = getattr(failure, "strerror", None) or type(failure).__name__
        whom = f" as the account {launch.account.name}" if launch.account else ""
        raise ServerNotStarted(
            f"{Path(launch.argv[0]).name} was not executed ({reason}); needed the right to run"
            f" it{whom}"
        ) from None
    finally:
        os.close(output)


def _popen(launch: Launch, output: int) -> subprocess.Popen[bytes]:
    parent, account, descriptor = os.getpid(), launch.account, launch.descriptor
    return subprocess.Popen(  # noqa: S603 - every argv is built in this package, no shell
        list(launch.argv),
        # Root opened the program; its new identity need not be able to walk to it.
        executable=f"/proc/self/fd/{descriptor}" if descriptor is not None else None,
        pass_fds=(*launch.inherited, *(() if descriptor is None else (descriptor,))),
        cwd=launch.folder,
        env=dict(launch.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        # Runs after the step down, because changing identity clears the death signal.
        preexec_fn=lambda: _in_child(parent, launch.death_signal),  # noqa: PLW1509 - see above
    )


def _in_child(parent: int, death_signal: signal.Signals) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold personal data
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above took effect
            os._exit(1)


def _open_log(log: Path | None) -> int:
    if log is None:
        return os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".1.log"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)


def stop(process: subprocess.Popen[bytes], ladder: Ladder) -> int:
    """Send each signal of *ladder*, waiting its seconds, then SIGKILL; give the exit code."""
    for number, seconds in ladder:
        if process.poll() is not None:
            break
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(seconds)
    if process.poll() is None:
        process.kill()
    return process.wait()


def stop_strangers(folder: Path, program: str, ladder: Ladder) -> None:
    """Stop every *program* that works in *folder* and is not our child: what a kill -9 left.

    A process is taken for ours by its working folder and its program name, never by a number in
    a file, which another process may have inherited since.
    """
    for number, seconds in ladder:
        left = _working_in(folder, program)
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        wait_until(lambda: not _working_in(folder, program), seconds)


def _working_in(folder: Path, program: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() != folder:
                continue
            words = (entry / "cmdline").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError, IndexError):
            continue
        name = words[0].decode(errors="replace")
        # Servers rename themselves ("postgres: writer", "valkey-server unixsocket:…"); a zombie
        # is not working.
        ours = Path(name).name == program or name.startswith((f"{program}:", f"{program} "))
        if ours and state not in "ZX":
            found.append(int(entry.name))
    return found


def wait_until(condition: Callable[[], bool], seconds: float, *, pause: float = 0.02) -> bool:
    """Ask *condition* until it holds or *seconds* have passed; say whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def tail(log: Path, *, since: int = 0, lines: int = 5) -> str:
    """Give the last *lines* a server wrote to *log* after byte *since*, on one line."""
    try:
        with log.open("rb") as stream:
            stream.seek(since)
            text = stream.read().decode(errors="replace")
    except OSError:
        return "no log"
    return " / ".join(text.strip().splitlines()[-lines:]) or "no output"
