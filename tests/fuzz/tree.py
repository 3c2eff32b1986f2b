"""How is a document spoiled that was sound?  One change in one place, several times over.

The dice decide everything, so the same dice spoil the same document in the same way.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.fuzz import strange
from tests.fuzz.writing import Members, Raw, members

Change = Callable[[Any, random.Random], Any]


def spoiled(document: Any, roll: random.Random, changes: int) -> tuple[Any, list[str]]:
    """Give *document* with *changes* changes, and what they are called."""
    told = []
    for _ in range(changes):
        change = roll.choice(CHANGES)
        told.append(change.__name__.strip("_"))
        document = _somewhere(document, change, roll)
    return document, told


def _somewhere(value: Any, change: Change, roll: random.Random) -> Any:
    """Apply *change* to *value*, or to something in it."""
    inside = _inside(value)
    if not inside or roll.random() < 0.12:
        return change(value, roll)
    place = roll.randrange(len(inside))
    changed = [
        (key, _somewhere(inner, change, roll) if at == place else inner)
        for at, (key, inner) in enumerate(inside)
    ]
    if isinstance(value, list) and not isinstance(value, Members):
        return [inner for _, inner in changed]
    return Members(changed)


def _inside(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict | Members):
        return list(members(value))
    return list(enumerate(value)) if isinstance(value, list) else []


def _replaced(_: Any, roll: random.Random) -> Any:
    return strange.anything(roll)


def _retyped(value: Any, roll: random.Random) -> Any:
    """Give the same in another type: an array for an object, a text for a number."""
    if isinstance(value, Raw):
        return [value]
    shapes: list[Callable[[Any], Any]] = [
        lambda it: [it],
        lambda it: {"0": it},
        lambda it: [it, it],
        lambda it: [key for key, _ in _inside(it)],
        lambda it: str(it)[:2_000],
        lambda it: len(str(it)),
        lambda it: str(it) == "True",
    ]
    return roll.choice(shapes)(value)


def _respelled(value: Any, roll: random.Random) -> Any:
    if isinstance(value, str) and len(value) < 5_000:
        return strange.respelled(value, roll)
    return strange.anything(roll)


def _edited(value: Any, roll: random.Random) -> Any:
    """Cut a text short, repeat it, or put something strange into it."""
    if not isinstance(value, str):
        return strange.number(roll) if isinstance(value, int | float) else value
    at = roll.randrange(len(value) + 1)
    middle = roll.choice(["", "\u0000", "\u202e", "\ufeff", "%00", "\u0301", " ", "@", value])
    return value[:at] + middle + value[at + roll.choice([0, 0, 1, 9]) :]


def _timed(_: Any, roll: random.Random) -> Any:
    return strange.time(roll)


def _dropped(value: Any, roll: random.Random) -> Any:
    inside = _inside(value)
    if not inside:
        return None
    del inside[roll.randrange(len(inside))]
    return _same_sort(value, inside)


def _doubled(value: Any, roll: random.Random) -> Any:
    """Let a key stand twice, or an element; the second may differ from the first."""
    inside = _inside(value)
    if not inside:
        return [value, value]
    key, inner = roll.choice(inside)
    other = inner if roll.random() < 0.4 else strange.anything(roll)
    inside.insert(roll.randrange(len(inside) + 1), (key, other))
    return _same_sort(value, inside)


def _added(value: Any, roll: random.Random) -> Any:
    """Add a member, or an element, that nobody asked for."""
    inside = _inside(value)
    inside.insert(
        roll.randrange(len(inside) + 1), (roll.choice(strange.KEYS), strange.anything(roll))
    )
    return _same_sort(value, inside)


def _renamed(value: Any, roll: random.Random) -> Any:
    """Spell a key in another way, or take another key."""
    inside = _inside(value)
    if not inside:
        return value
    place = roll.randrange(len(inside))
    key, inner = inside[place]
    spelled = strange.respelled(str(key), roll) if isinstance(key, str | int) else str(key)[:99]
    keys = [spelled, str(key).upper(), roll.choice(strange.KEYS), Raw(rb'"\ud800"')]
    inside[place] = (roll.choice(keys), inner)
    return _same_sort(value, inside)


def _shuffled(value: Any, roll: random.Random) -> Any:
    """Exchange what stands under two keys."""
    inside = _inside(value)
    if len(inside) < 2:
        return value
    one, two = roll.sample(range(len(inside)), 2)
    (first, a), (second, b) = inside[one], inside[two]
    inside[one], inside[two] = (first, b), (second, a)
    return _same_sort(value, inside)


def _same_sort(value: Any, inside: list[tuple[Any, Any]]) -> Any:
    if isinstance(value, list) and not isinstance(value, Members):
        return [inner for _, inner in inside]
    return Members(inside)


CHANGES: Final[tuple[Change, ...]] = (
    _replaced, _replaced, _retyped, _respelled, _edited, _timed, _dropped, _doubled, _added,
    _renamed,
    _shuffled,
)  # fmt: skip
