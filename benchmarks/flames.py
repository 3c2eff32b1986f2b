"""Draw where each lane's interpreter spends its time, as docs/flames: ``make flames``.

Py-spy looks a hundred times a second at the stack that holds the interpreter's lock, while the lane
is kept busy; what waits for PostgreSQL is not in the picture.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import flame_graph, front
from benchmarks.front import Front, all_taken
from benchmarks.load import drive
from benchmarks.processes import GATEWAYS, WORKERS, at_rest, running
from benchmarks.suite import Run, say

FOLDER = Path(__file__).parent.parent / "docs" / "flames"
SECONDS = 15
A_SECOND = 100
BACKLOG = 200  # batches that wait when the workers' turn comes


def main() -> None:
    """Draw all of them.

    Raises:
        LookupError: py-spy is not there.
    """
    sampler = shutil.which("py-spy")
    if sampler is None:
        raise LookupError("py-spy is not on the PATH; `uv tool install py-spy` brings it")
    FOLDER.mkdir(exist_ok=True)
    run = Run()
    with front.opened(run):
        gateway, worker = running(GATEWAYS)[0], min(running(WORKERS))
        with at_rest(WORKERS):
            with _busy(run.front, live=False):
                _draw(sampler, "bulk", "The bulk lane, in the gateway", gateway)
            with _busy(run.front, live=True):
                _draw(sampler, "live", "The live lane, in the gateway", gateway)
            all_taken(drive(run.front.url, _bodies(run.front, BACKLOG), connections=8))
        _draw(sampler, "folding", "The bulk lane, folded by the workers", worker)
        run.front.settle()


def _draw(sampler: str, name: str, title: str, pid: int) -> None:
    with tempfile.NamedTemporaryFile(mode="r", suffix=".txt") as file:
        subprocess.run(
            [
                *(sampler, "record", "--pid", str(pid), "--subprocesses", "--gil", "--function"),
                *("--duration", str(SECONDS), "--rate", str(A_SECOND)),
                *("--format", "raw", "--output", file.name),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        stacks = flame_graph.read(file)
    (FOLDER / f"{name}.svg").write_text(flame_graph.drawn(title, stacks))
    say(f"{name}: {sum(stacks.values()):,} samples")


@contextmanager
def _busy(front: Front, *, live: bool) -> Iterator[None]:
    """Keep a lane busy from another thread."""
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            sent = front.singles(2_000) if live else _bodies(front, 20)
            all_taken(drive(front.url, sent, connections=32 if live else 8))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _bodies(front: Front, count: int) -> list[bytes]:
    return front.batches(count, front.traffic())


if __name__ == "__main__":
    main()
