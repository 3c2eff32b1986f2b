"""The vectors that RFCs and NIST publish, as the wheel of `cryptography-vectors` carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

Vector = dict[str, str]


def read(path: str) -> str:
    """Give one file of the wheel."""
    return files("cryptography_vectors").joinpath(path).read_text(encoding="utf-8")


def vectors(path: str, *, last: str) -> Iterator[Vector]:
    """Give the vectors of a file of lines `name = hexadecimals`; *last* is each one's last name."""
    vector: Vector = {}
    for name, value in re.findall(r"^(\w+)\s*=\s*(\S*)\s*$", read(path), re.MULTILINE):
        vector[name] = value
        if name == last:
            yield vector
            vector = {}
