"""Which account does an embedded server run as, and can that account reach its files?"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.embedded.errors import AccountMissing

if TYPE_CHECKING:
    from pathlib import Path

# The first that exists.  `nobody` is shared with other services, so a machine that means it
# creates `paravent`; the 0700 folder of root around the data keeps the others out either way.
CANDIDATES = ("paravent", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged system account."""

    name: str
    uid: int
    gid: int


def service_account() -> Account | None:
    """Give the account servers step down to; ``None`` when this process is not root.

    Raises:
        AccountMissing: this is root and no candidate exists, or the candidate is root as well.
    """
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise AccountMissing(
        "no account named " + " or ".join(CANDIDATES) + "; a server must not run as root"
    )


def can_reach(path: Path, account: Account) -> bool:
    """Say whether *account* can walk to *path* and read it, by owner, group and mode alone.

    Access lists are not consulted, so the answer may be a needless no; it is then answered with
    a copy, never by opening a folder.
    """
    real = path.resolve()
    walk = all(_allows(parent, account, stat.S_IXOTH) for parent in real.parents)
    return walk and _allows(real, account, stat.S_IROTH)


def _allows(path: Path, account: Account, bit: int) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & (bit << 6))
    if status.st_gid == account.gid:
        return bool(status.st_mode & (bit << 3))
    return bool(status.st_mode & bit)
