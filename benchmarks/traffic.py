"""Seeded traffic of a shop, as the trackers of web pages send it: about 1 KB an event.

The same seed makes the same events, but for their instants.  Time is compressed: the pages of a
visit are as many events apart as visits are under way at once, not as many seconds.
"""

from __future__ import annotations

import json
import random
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from benchmarks.visits import Visit, begun

CONSENT = {
    "categoryPreferences": dict.fromkeys(
        ("analytics", "personalisation", "marketing", "advertising"), True
    )
}
ONE_DOMAIN = {"categoryPreferences": {"personalisation": True, "marketing": True}}
MARK = "00c0ffee"  # stands where a batch that is sent again differs from the time before

_UNDER_WAY = 2_000  # visits at once
_GIANTS = 50  # of the Zipf-Mandelbrot law: the most eager visitor makes 0.4 % of the events
_APART_S = 1 / 20_000  # between two events; a batch of 500 is a fortieth of a second


@dataclass(frozen=True, slots=True)
class Population:
    """Who visits: *people* of them, named *prefix*-0 and on."""

    people: int
    prefix: str = "visitor"


class Traffic:
    """Makes events.

    Args:
        seed: of everything but the instants.
        crowd: who visits.
        consent: what each event says about it.
        personal: share of the texts that hold an e-mail address or a telephone number.
    """

    def __init__(
        self,
        seed: int,
        crowd: Population,
        *,
        consent: dict[str, Any] = CONSENT,
        personal: float = 0.0,
    ) -> None:
        self._dice = random.Random(seed)  # noqa: S311  # traffic, not a secret
        self._crowd = crowd
        self._shares = list(accumulate(1 / (_GIANTS + rank) for rank in range(crowd.people)))
        self._consent = consent
        self._personal = personal
        self._at = time.time()
        self._visits: list[Visit] = []

    def event(self) -> dict[str, Any]:
        """Make the next call: some visit goes on by a page."""
        dice = self._dice
        if len(self._visits) < min(_UNDER_WAY, self._crowd.people):
            self._visits.append(self._visit(self._somebody()))
        place = dice.randrange(len(self._visits))
        visit = self._visits[place]
        if not visit.pages:
            visit = self._visits[place] = self._visit(self._somebody())
        return self._of(visit)

    def everybody(self, size: int) -> list[bytes]:
        """Make gzipped batches in which each visitor is met once."""
        events = [self._of(self._visit(person)) for person in range(self._crowd.people)]
        return [packed(self.document(events[at : at + size])) for at in range(0, len(events), size)]

    def batch(self, size: int) -> bytes:
        """Make a gzipped batch of *size* events."""
        return packed(self.text(size))

    def text(self, size: int) -> bytes:
        """Make the JSON of a batch; with another word for ``MARK`` it is another batch."""
        return self.document([self.event() for _ in range(size)])

    def document(self, events: list[dict[str, Any]]) -> bytes:
        """Put *events* into a batch, sent at the instant of the last of them."""
        return _json({"batch": events, "sentAt": events[-1]["timestamp"]})

    def single(self) -> tuple[str, bytes]:
        """Make the path and the body of one call."""
        event = self.event()
        path = f"/v1/{event.pop('type')}"
        return path, _json(event | {"sentAt": event["timestamp"]})

    def _somebody(self) -> int:
        return self._dice.choices(range(self._crowd.people), cum_weights=self._shares)[0]

    def _visit(self, person: int) -> Visit:
        return begun(self._dice, f"{self._crowd.prefix}-{person}", self._personal)

    def _of(self, visit: Visit) -> dict[str, Any]:
        self._at += _APART_S
        at = datetime.fromtimestamp(self._at, UTC).isoformat(timespec="milliseconds")
        return visit.event(self._dice, at, self._consent, MARK)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def packed(document: bytes, level: int = 6) -> bytes:
    """Compress a body as a sender does."""
    press = zlib.compressobj(level, wbits=31)
    return press.compress(document) + press.flush()
