"""A disk so small that a test can fill it: a file system in memory, where the machine lets us."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path | None]:
    """Give a folder with so much room; ``None`` where mounting is not allowed.

    Elsewhere there is no honest way: a limit on the size of files makes PostgreSQL fail with
    another error than a full disk does, and the whole disk is not ours to fill.
    """
    folder = Path(tempfile.mkdtemp(prefix="paravent-disk-"))
    mounted = _done("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", folder)
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            # Lazily: a process that is about to end may still have its folder open.
            _done("umount", "--lazy", folder)
        shutil.rmtree(folder, ignore_errors=True)


def _done(program: str, *arguments: object) -> bool:
    """Run a program of the system as root; say whether it did what it was asked to."""
    if os.geteuid() != 0 or shutil.which(program) is None:
        return False
    command = [program, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
