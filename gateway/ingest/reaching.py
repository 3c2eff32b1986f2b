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


def nothing(_name: str) -> None:
    """Read a member of what is not there, or is empty."""
    return


def getters(parts: Mapping[str, Any], holders: Iterable[Holder]) -> list[Get]:
    """Give for each of *holders* what reads its members: ``nothing`` where it has none."""
    found: list[Get] = []
    for holder in holders:
        at: Any = parts
        for step in holder:
            if type(at) is dict:
                at = at.get(step)
            elif at is not None:
                at = getattr(at, step, None) if isinstance(at, msgspec.Struct) else None
        if not at:
            found.append(nothing)
        else:
            found.append(at.get if type(at) is dict else partial(_member, at))
    return found


def _member(value: object, name: str) -> Any:  # noqa: ANN401  # JSON is anything
    return getattr(value, name, None) if isinstance(value, msgspec.Struct) else None
