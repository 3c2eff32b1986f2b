"""How do counters leave a process?  Over its own port, or through a folder that several share.

Tasks run in processes of their own, and several gateways serve one address; each writes what it
counts into a file of ``PROMETHEUS_MULTIPROC_DIR`` (the library's own variable), and whoever is
asked adds the files up.  The gateway uses this too; it is on this side because workers import
nothing of the gateway's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Metric, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"


def counted(registry: CollectorRegistry) -> bytes:
    """Give, as text for Prometheus, what this process counts, or all that share its folder."""
    return generate_latest(shared() or registry)


def shared() -> CollectorRegistry | None:
    """Give the sum of all processes that share the folder; ``None`` where none is shared."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return None
    _bury(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return registry


def _bury(folder: Path) -> None:
    """Drop what the dead said about the present; what they counted stays counted."""
    for entry in folder.glob("gauge_live*_*.db"):
        pid = entry.stem.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]


class _Everything(CollectorRegistry):
    """What is served over a port: read anew whenever somebody asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._own = registry

    def collect(self) -> Iterator[Metric]:
        """Give every metric there is now."""
        yield from (shared() or self._own).collect()


def serve(registry: CollectorRegistry, *, host: str, port: int) -> None:
    """Serve the counters at ``/metrics`` on a port of their own, in a thread that ends with us."""
    start_http_server(port, addr=host, registry=_Everything(registry))
