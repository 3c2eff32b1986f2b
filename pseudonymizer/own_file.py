"""How is a file read that nobody but this account may read or replace?"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pseudonymizer.errors import KeyFileInsecure, KeyFileInvalid

__all__ = ["read_own"]


def read_own(path: Path, what: str) -> bytes:
    """Read the whole file, if it is ours alone.

    Args:
        path: the file.
        what: what the file is called in messages, such as ``key file``.

    Raises:
        KeyFileInsecure: not a plain file, not owned by this account, or open to others.
        KeyFileInvalid: missing.
    """
    try:
        # Non-blocking, since a named pipe in its place would keep the process waiting for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyFileInvalid(f"the {what} is missing; the one in use was needed") from None
    except OSError:
        raise KeyFileInsecure(f"the {what} cannot be opened; a plain file was needed") from None
    try:
        _refuse_open_to_others(os.fstat(descriptor), what)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _refuse_open_to_others(status: os.stat_result, what: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileInsecure(f"the {what} is not a plain file; one was needed")
    if status.st_uid != os.geteuid():
        raise KeyFileInsecure(f"the {what} belongs to another account; this one's was needed")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyFileInsecure(f"the {what} is open to group or others; mode 0600 was needed")
