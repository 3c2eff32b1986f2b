"""How are the declared properties of an event reached?

They stand side by side in a few objects (its properties, its page, its campaign).  Each of these
is walked to once an event, and what stands in it is then one look-up in C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

Holder = tuple[str, ...]
"""The way from an event's parts to an object; empty for the parts themselves."""
Get = Callable[[str], Any]
"""Gives a member by its name; ``None`` where there is none."""


def getters(parts: Mapping[str, Any], holders: Iterable[Holder]) -> list[Get]:
    """Give for each of *holders* what reads its members."""
    found: list[Get] = []
    for holder in holders:
        at: Any = parts
        for step in holder:
            at = at.get(step) if type(at) is dict else _member(at, step)
        found.append(at.get if type(at) is dict else partial(_member, at))
    return found


def _member(value: object, name: str) -> Any:  # noqa: ANN401  # JSON is anything
    return getattr(value, name, None) if isinstance(value, msgspec.Struct) else None
