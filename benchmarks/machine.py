"""On what was it measured?"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[1]
SETTINGS = (
    "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers",
    "max_wal_size", "wal_compression",
)  # fmt: skip


def processor() -> str:
    """Give cores and model of the processor."""
    model = platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{os.cpu_count()} cores, {model}"


def load_average() -> str:
    """Give the load average of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def postgres(owner: str) -> str:
    """Give version and settings of the server at *owner*."""
    with psycopg.connect(owner) as connection:
        said = {
            name: str((connection.execute(f"show {name}".encode()).fetchone() or ("?",))[0])
            for name in ("server_version", *SETTINGS)
        }
    version = said.pop("server_version")
    return f"PostgreSQL {version} ({', '.join(f'{name} {value}' for name, value in said.items())})"


def commit() -> str:
    """Give the commit that is checked out; a plus says that files were changed since."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return "unknown"
