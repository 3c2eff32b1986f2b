"""A rulebook of one's own to change: the shipped one, copied."""

from __future__ import annotations

from pathlib import Path

from policies.load import SHIPPED


def copied(folder: Path) -> Path:
    """Copy the shipped rulebook, its examples too, into *folder*; give it back."""
    for path in SHIPPED.rglob("*.yaml"):
        target = folder / path.relative_to(SHIPPED)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder
