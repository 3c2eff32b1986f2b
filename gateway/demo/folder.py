"""Where does a demo live?  In a folder of its own, made anew, unless it is told where."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from gateway.installation import Installation, default_folder


class DemoFolder(NamedTuple):
    """The folder, and whether it is the demo's own, to be emptied before a new run."""

    path: Path
    owned: bool


def demo_folder(given: Path | None) -> DemoFolder:
    """Give the folder of a demo.

    On databases of the operator's the folder is kept: its keys are those of
    the people stored there before.
    """
    if given is not None:
        return DemoFolder(given, owned=False)
    own = default_folder()
    external = any(os.environ.get(f"PARAVENT_{name}_DSN") for name in ("STORE", "VAULT"))
    return DemoFolder(own.with_name(f"{own.name}-demo"), owned=not external)


def clear(folder: Path) -> None:
    """Delete yesterday's made-up people: the installation in *folder*, if there is one.

    The mark of an installation goes last, so that an interrupted deletion can be repeated.

    Raises:
        InstallationInUse: a demo still runs there.
        InstallationForeign: what lies there is no installation.
    """
    if not folder.exists():
        return
    with Installation.open(folder, create=True).locked():
        for part in folder.iterdir():
            if part.is_dir():
                shutil.rmtree(part)
        shutil.rmtree(folder)
