"""What is an event as the pipeline reads it, whichever dialect it came in?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class WireEvent:
    """One decoded event: still identified, held in memory only, never logged.

    ``identifiers`` are raw ``(kind, text)`` pairs, the primary one first.
    ``links`` lists further raw pairs that this event asserts to be the same
    person (``identify``, ``alias``).  ``categories`` is what the consent
    platform said: ``None`` when it said nothing.
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
    dropped: int = 0


@dataclass(slots=True)
class Decoded:
    """A request body after decoding: events, and a count of what could not become one.

    ``refused`` counts by (canonical event name or ``None``, reason).
    """

    events: list[WireEvent] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    raw_bytes: int = 0

    def refuse(self, reason: str, count: int = 1) -> None:
        """Count *count* refusals for *reason*."""
        self.refused[reason] = self.refused.get(reason, 0) + count
