"""Asking again until there is an answer, as whoever runs a shop or its rights desk would."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import httpx

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
# What a client library comes again after; anything else it would throw away.
RETRIED = frozenset({429, 500, 502, 503, 504})

Heard = Callable[[str | None], None]
"""Told what came of each try: ``None`` for an answer, else the status or the error."""


def pauses() -> Iterator[float]:
    """Give seconds to wait, growing."""
    for tries in itertools.count():
        yield min(FIRST_PAUSE_S * 2**tries, LONGEST_PAUSE_S)


def insist(ask: Callable[[], httpx.Response], heard: Heard) -> httpx.Response:
    """Ask until the answer is a success."""
    for pause_s in pauses():
        asked_s = 0.0
        try:
            answer = ask()
        except httpx.TransportError as error:
            heard(type(error).__name__)
        else:
            heard(None if answer.is_success else str(answer.status_code))
            if answer.is_success:
                return answer
            assert answer.status_code in RETRIED, answer.text
            asked_s = float(answer.headers.get("retry-after", 0))
        threading.Event().wait(max(pause_s, asked_s))
    raise AssertionError
