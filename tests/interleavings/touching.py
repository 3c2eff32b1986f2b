"""What does a statement touch, and does it matter in which order two of them run?

Coarse on purpose: whole tables, and whatever a statement both reads and writes counts as written.
Too much said costs an ordering that tells nothing new; too little would hide one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PLACE = re.compile(r"\b(?:store|vault|tombstone|rights|audit|pg_temp)\.\w+")
_TARGET = re.compile(r"\b(?:insert into|update|delete from|copy)\s+(?:only\s+)?([a-z_]+\.\w+)")
_ADVISORY = re.compile(r"pg_(?:try_)?advisory\w+\(")
# FOR SHARE is a look that lasts: it excludes who writes, and nobody who looks.
_LOCKS = re.compile(r"\bfor (?:no key )?update\b")
_ENDS = re.compile(r"(?:commit|rollback)\b(?! to)")

EVERYTHING = "everything"
ADVISORY = "advisory locks"


@dataclass(frozen=True, slots=True)
class Touch:
    """The tables, and other things, that a statement looks at and those that it changes."""

    looks: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()

    def __or__(self, other: Touch) -> Touch:
        return Touch(self.looks | other.looks, self.changes | other.changes)

    def minds(self, other: Touch) -> bool:
        """Say whether this and *other* may do something else in the other order."""
        if EVERYTHING in self.changes or EVERYTHING in other.changes:
            return True
        return bool(self.changes & (other.looks | other.changes) or self.looks & other.changes)


NOTHING = Touch()


def is_end(statement: str) -> bool:
    """Say whether *statement* ends its transaction."""
    return _ENDS.match(statement.lower()) is not None


def touched(statement: str) -> Touch:
    """Give what *statement* touches by itself; an end touches what its transaction did."""
    text = " ".join(statement.lower().split())
    places = frozenset(_PLACE.findall(text))
    if _ADVISORY.search(text):
        return Touch(changes=frozenset({ADVISORY}))
    if not places:
        known = is_end(text) or text.startswith(("select ", "create temporary table", "set "))
        return NOTHING if known else Touch(changes=frozenset({EVERYTHING}))
    if _LOCKS.search(text) or any(place.startswith("audit.") for place in places):
        return Touch(changes=places)
    changes = frozenset(_TARGET.findall(text)) & places
    return Touch(looks=places - changes, changes=changes)


def together(touches: Iterable[Touch]) -> Touch:
    """Give what all of them touch."""
    whole = NOTHING
    for each in touches:
        whole |= each
    return whole
