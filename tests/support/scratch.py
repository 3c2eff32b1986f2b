"""Where do the files of a test run lie?  In memory, where there is room for them.

A database is copied for nearly every test.  On a disk that is some hundred files made and removed
each time, 0.2 to 0.5 s; in memory it is a fiftieth of a second.  Nothing here has to outlive the
machine: what a process that is killed leaves behind is the same on both.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")  # noqa: S108  Linux's, for everybody, as /tmp is
ROOM: Final = 6 * 2**30
"""A whole run has taken less than 2 GiB at once; the rest is for what else lives in memory."""


def work_in_memory() -> None:
    """Have this process and its children make temporary files in memory, unless told where."""
    if "TMPDIR" not in os.environ and _has_room(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it may have been looked up already


def _has_room(folder: Path) -> bool:
    try:
        there = os.statvfs(folder)
    except OSError:
        return False
    runs = not there.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)  # some tests put programs there
    return runs and os.access(folder, os.W_OK) and there.f_bavail * there.f_frsize >= ROOM
