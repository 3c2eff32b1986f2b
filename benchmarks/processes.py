"""Which processes does an installation run, and what do they cost?  Read off ``/proc``."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

WORKERS = ("workers.main",)
GATEWAYS = ("gateway.main",)


def running(modules: tuple[str, ...]) -> list[int]:
    """Give the processes below this one that run one of *modules*."""
    parents, found = {}, []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
            said = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if any(module in said for module in modules):
                found.append(int(entry.name))
    return [pid for pid in found if _below(pid, os.getpid(), parents)]


def _below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != ancestor:
        pid = parents[pid]
    return pid == ancestor


@contextlib.contextmanager
def at_rest(modules: tuple[str, ...]) -> Iterator[None]:
    """Stop these processes for the time of a measurement; what waits for them waits."""
    pids = running(modules)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def resident_mib(modules: tuple[str, ...]) -> list[float]:
    """Give the memory of each of these processes, in MiB, the largest first."""
    sizes = []
    for pid in running(modules):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")]
    return sorted(sizes, reverse=True)
