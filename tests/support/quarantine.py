"""A data protection officer with a key, a rulebook that seals for them, and suspect events."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from policies.ruleset import RuleSet
from policies.vocabulary import Suspicion
from pseudonymizer.officer_key import make_officer_key, read_officer_key
from tests.support.builders import ADA, Person, track
from tests.support.rulebooks import edited

if TYPE_CHECKING:
    from gateway.quarantine.review import Review
    from tests.support.edge import TestEdge

NIR = "1 85 05 78 006 084 91"  # the one every textbook shows
HEALTH = "test de grossesse"
SEARCH = "Products Searched"


@dataclass(frozen=True)
class Officer:
    """Somebody with a private key in a file."""

    file: Path
    public: bytes

    @classmethod
    def hired(cls, folder: Path, name: str = "officer") -> Officer:
        file = folder / f"{name}.pem"
        return cls(file, make_officer_key(file))

    @property
    def private(self) -> X25519PrivateKey:
        return read_officer_key(self.file)

    def rulebook(self, folder: Path, *reasons: Suspicion, days: int = 7) -> RuleSet:
        """Give the shipped rulebook with events of these *reasons* sealed for this officer."""
        said = (
            f"reasons: [{', '.join(reasons or Suspicion)}]\n  days: {days}\n"
            f"  key: {base64.b64encode(self.public).decode()}"
        )
        return edited(folder, ("quarantine.yaml", "reasons: []", said))


def search(query: str, person: Person = ADA, **members: Any) -> dict[str, Any]:
    """Give one search, now."""
    at = members.pop("at", None) or datetime.now(UTC)
    return track(SEARCH, person, at=at, properties={"query": query}, **members)


def review_of(edge: TestEdge) -> Review:
    from gateway.quarantine.review import Review

    return Review(edge.store, lambda: edge.now_us, "test")
