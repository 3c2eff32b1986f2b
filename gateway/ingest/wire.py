"""What is an event as the pipeline reads it, whichever dialect it came in?

The objects made for every event are msgspec's: made in C, at a third of a dataclass's cost, and
without the collector's attention, since none of them is ever part of a cycle.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import msgspec

from policies.vocabulary import AgeBand


class Signal(Enum):
    """A way in which something besides our own interface speaks about consent."""

    CATEGORIES = auto()
    GOOGLE = auto()
    TCF = auto()
    GPC = auto()
    AGE = auto()


Said = tuple[Signal, Hashable]
"""What a signal said, before anybody reads it."""
OBJECTS: Final[Said] = (Signal.GPC, True)  # Global Privacy Control is switched on
CHILD: Final[Said] = (Signal.AGE, AgeBand.UNDER_15)


@dataclass(slots=True)
class Assertion:
    """A controller's statement, made outside the event, that consent was held.

    Weaker than a person's own act: it opens a purpose nobody has closed, and
    never reopens one that was refused or withdrawn.
    """

    purposes: tuple[str, ...]
    evidence: str


class WireEvent(msgspec.Struct, gc=False, eq=False):
    """One decoded event: still identified, held in memory only, never logged.

    ``identifiers`` are raw ``(kind, text)`` pairs, the primary one first.
    ``links`` lists raw pairs that this event asserts to be the same person
    (``identify``, ``alias``).  ``categories`` is what the consent platform
    said by categories: ``None`` when it said nothing; ``said`` is what all other
    signals did.  ``explicit_act`` marks a person's own
    change of mind, which alone can reopen what was closed.  ``parts`` holds the
    raw values by the first step of a property's path.  ``also`` are the other
    identifiers it came with: nobody is looked up by them, and no value that is
    kept may hold one.
    """

    kind: str
    name: str
    identifiers: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    message_id: str | None
    at_us: int
    categories: Mapping[str, bool] | None
    explicit_act: bool
    parts: Mapping[str, Any]
    assertion: Assertion | None = None
    also: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()

    def __repr__(self) -> str:
        return f"WireEvent({self.kind}, …)"


@dataclass(slots=True)
class Decoded:
    """A request body after decoding: its events, and what could not become one, by reason."""

    events: list[WireEvent] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    raw_bytes: int = 0

    def refuse(self, reason: str, count: int = 1) -> None:
        """Count *count* refusals for *reason*."""
        self.refused[reason] = self.refused.get(reason, 0) + count


@dataclass(slots=True, eq=False)
class Request:
    """What one request of one source brought, and when."""

    source: int
    decoded: Decoded
    received_us: int
