"""How do keys lie in a local file, and who may open it?

Layout 1: a JSON object ``{"format": "paravent-keys", "layout": 1, "keys": {name: {"use",
"primary", "versions": {version: {"state", "made_at", "material"}}}}}``; material is base64 and
gone once the version is destroyed.  The file is replaced as a whole: written beside itself with
mode 0600, synced, renamed, and the folder synced, so a crash leaves the old or the new one.
"""

from __future__ import annotations

import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from pseudonymizer.errors import KeyFileInvalid
from pseudonymizer.key_port import Use
from pseudonymizer.own_file import read_own

__all__ = ["KeyRecord", "VersionRecord", "exclusively", "read_keys", "write_keys"]

FORMAT: Final = "paravent-keys"
LAYOUT: Final = 1
MODE: Final = 0o600


@dataclass(slots=True, repr=False)
class VersionRecord:
    """One version of a key; ``material`` is ``None`` once destroyed."""

    made_at: str
    material: bytes | None


@dataclass(slots=True, repr=False)
class KeyRecord:
    """A named key: what it is used for, and its versions; the primary one makes new values."""

    use: Use
    primary: int = 0
    versions: dict[int, VersionRecord] = field(default_factory=dict)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Keep other processes from replacing the key file while this one reads, changes, writes."""
    lock = os.open(
        path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, MODE
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def read_keys(path: Path) -> dict[str, KeyRecord]:
    """Read the keys, if the file is ours alone.

    Raises:
        KeyFileInsecure: not a plain file, not owned by this account, or open to others.
        KeyFileInvalid: missing, or not in layout 1.
    """
    raw = read_own(path, "key file")
    try:
        return _parse(json.loads(raw))
    except (ValueError, KeyError, TypeError, AttributeError):
        # The parser's own message could quote the file, and the file is keys.
        raise KeyFileInvalid("the key file is not in layout 1; another file was meant") from None


def write_keys(path: Path, keys: dict[str, KeyRecord], *, new: bool = False) -> None:
    """Replace the key file as a whole; with *new*, refuse to replace one that exists."""
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, MODE)
            file.write(json.dumps(_render(keys), indent=1, sort_keys=True).encode())
            file.flush()
            os.fsync(descriptor)
        if new:
            os.link(draft, path)
        else:
            draft.replace(path)
    except FileExistsError:
        raise KeyFileInvalid("the key file exists already; a new name was needed") from None
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _parse(document: Any) -> dict[str, KeyRecord]:  # noqa: ANN401 -- JSON, checked right here
    if document["format"] != FORMAT or document["layout"] != LAYOUT:
        raise ValueError("unknown layout")
    return {name: _parse_key(entry) for name, entry in document["keys"].items()}


def _parse_key(entry: dict[str, Any]) -> KeyRecord:
    if entry["use"] not in {"mac", "wrap", "sign"}:
        raise ValueError("unknown use")
    versions = {
        int(number): VersionRecord(
            made_at=str(version["made_at"]),
            material=_parse_material(version.get("material")),
        )
        for number, version in entry["versions"].items()
    }
    primary = int(entry["primary"])
    if primary not in versions or versions[primary].material is None:
        raise ValueError("the primary version has no material")
    return KeyRecord(entry["use"], primary, versions)


def _parse_material(text: str | None) -> bytes | None:
    if text is None:
        return None
    material = b64decode(text, validate=True)
    if len(material) != 32:
        raise ValueError("material of another length")
    return material


def _render(keys: dict[str, KeyRecord]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "layout": LAYOUT,
        "keys": {
            name: {
                "use": key.use,
                "primary": key.primary,
                "versions": {str(n): _render_version(v) for n, v in key.versions.items()},
            }
            for name, key in keys.items()
        },
    }


def _render_version(version: VersionRecord) -> dict[str, str]:
    if version.material is None:
        return {"state": "destroyed", "made_at": version.made_at}
    material = b64encode(version.material).decode()
    return {"state": "live", "made_at": version.made_at, "material": material}


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
