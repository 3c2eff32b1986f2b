"""Seeded traffic of a shop: a long tail of visitors, sessions of a few pages, 1 KB an event."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

DEPARTMENTS = ("luminaires", "cuisine", "jardin", "textile", "papeterie", "jouets")
PRODUCTS = tuple(f"ref-{number:04d}" for number in range(600))
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Safari/537.36"
)
CONSENT = {
    "categoryPreferences": dict.fromkeys(
        ("analytics", "personalisation", "marketing", "advertising"), True
    )
}
ONE_DOMAIN = {"categoryPreferences": {"personalisation": True, "marketing": True}}
PRICES = {product: (499 + 137 * number) / 100 for number, product in enumerate(PRODUCTS)}
PADDING = "x" * 190  # properties nobody declared, as real trackers send; makes it 1,000 B


class Traffic:
    """Makes events; the same seed makes the same ones, but for their instants."""

    def __init__(self, seed: int, *, people: int, consent: dict[str, Any] = CONSENT) -> None:
        self._random = random.Random(seed)  # noqa: S311  # traffic, not a secret
        # Rank r visits as often as r to the power of -0.8: a long tail without a lone giant.
        self._shares = list(accumulate((1 + rank) ** -0.8 for rank in range(people)))
        self._who = range(people)
        self._consent = consent
        self._sent = 0
        self._seed = seed

    def event(self) -> dict[str, Any]:
        """Make one track call."""
        draw = self._random
        self._sent += 1
        (person,) = draw.choices(self._who, cum_weights=self._shares)
        department = draw.choice(DEPARTMENTS)
        product = draw.choice(PRODUCTS)
        return {
            "type": "track",
            "messageId": f"{self._seed}-{self._sent}-{draw.getrandbits(64):016x}",
            "userId": f"visitor-{person}",
            "anonymousId": f"{draw.getrandbits(128):032x}",
            "event": "Product Viewed",
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": {
                "product_id": product,
                "category": department,
                "price": PRICES[product],
                "quantity": 1,
                "currency": "EUR",
                "position": draw.randrange(40),
                "list_note": PADDING,
            },
            "context": {
                "ip": f"203.0.113.{draw.randrange(1, 255)}",
                "userAgent": AGENT,
                "library": {"name": "analytics.js", "version": "4.1.2"},
                "page": {"url": f"https://boutique.example/{department}/{product}?src=home"},
                "consent": self._consent,
            },
            "integrations": {"All": True},
        }

    def everybody(self, size: int) -> list[bytes]:
        """Make gzipped batches in which each visitor is met once."""
        events = [self.event() | {"userId": f"visitor-{person}"} for person in self._who]
        return [_packed(events[at : at + size]) for at in range(0, len(events), size)]

    def batch(self, size: int) -> bytes:
        """Make a gzipped batch of *size* events."""
        return _packed([self.event() for _ in range(size)])

    def single(self) -> bytes:
        """Make the body of one track call."""
        event = self.event()
        del event["type"]
        return json.dumps(event).encode()


def _packed(events: list[dict[str, Any]]) -> bytes:
    document = {"batch": events, "sentAt": datetime.now(UTC).isoformat()}
    return gzip.compress(json.dumps(document).encode(), 6)
