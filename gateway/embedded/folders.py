"""How are folders and secrets kept to ourselves?"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.embedded.errors import FolderUnsafe

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.embedded.account import Account

# sun_path of sockaddr_un: 108 bytes with the closing NUL on Linux, 104 on macOS and BSD.
SOCKET_PATH_LIMIT = 103
SECRET_BYTES = 32


def private_folder(path: Path, *, account: Account | None = None) -> Path:
    """Make *path* a folder of mode 0700, owned by *account* or by this process.

    Raises:
        FolderUnsafe: it exists and is not a folder, or belongs to somebody else.
    """
    owner = account.uid if account else os.geteuid()
    made = False
    try:
        path.mkdir(mode=0o700, parents=True)
        made = True
    except FileExistsError:
        pass
    except OSError as failure:
        raise FolderUnsafe(f"the folder {path} cannot be made: {failure.strerror}") from None
    if made and account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner:
        raise FolderUnsafe(f"{path} is not a folder of account number {owner}; needed one that is")
    if stat.S_IMODE(status.st_mode) != 0o700:
        path.chmod(0o700)
    return path


def text_secret() -> str:
    """Give 256 random bits as text that needs no quoting in a DSN."""
    return secrets.token_urlsafe(SECRET_BYTES)


def kept_secret(path: Path, make: Callable[[], str] = text_secret) -> str:
    """Give the secret in *path*; make and durably write it (mode 0600) when there is none.

    Raises:
        FolderUnsafe: the file belongs to another account, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        text = make()
        write_private(path, text + "\n")
        return text
    except OSError as failure:
        raise FolderUnsafe(f"the secret {path} cannot be read: {failure.strerror}") from None
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise FolderUnsafe(
                f"the secret {path} can be read by others; needed owner only (chmod 0600), and a"
                " new secret if somebody has read it"
            )
        return stream.read().strip()


def write_private(path: Path, text: str) -> None:
    """Write *text* to *path* with mode 0600, so that a crash leaves the old file or the new one."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in *path* survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def address_folder(folder: Path, socket_name: str) -> Path:
    """Give the name of *folder* that a client of its Unix socket can use.

    A socket's path holds about a hundred bytes.  Where the folder's own path is longer, clients
    go through a symbolic link in a 0700 folder under the system's temporary folder; the socket
    itself never leaves the data folder.  Every process finds the same link.
    """
    if len(os.fsencode(folder / socket_name)) <= SOCKET_PATH_LIMIT:
        return folder
    link = _detour(folder) / "s"
    private_folder(link.parent)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder)
    if link.readlink() != folder:
        raise FolderUnsafe(f"{link} does not lead to {folder}; needed that it does or is absent")
    return link


def close_address(folder: Path) -> None:
    """Remove the link of `address_folder`, if there is one; the server has stopped."""
    link = _detour(folder) / "s"
    with contextlib.suppress(OSError):
        link.unlink()
        link.parent.rmdir()


def _detour(folder: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"paravent-{os.geteuid()}-{digest}"
