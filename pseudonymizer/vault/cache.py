"""What does the resolver remember between two requests?

Outcomes only: no subject key, and no identifier either, since entries are found by a digest under
a key drawn at start that never leaves this process.  In memory, bounded, for a minute at most
(R-47); the fence in the store is what makes a stale entry harmless.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from hashlib import blake2b
from itertools import islice, takewhile
from secrets import token_bytes
from threading import Lock
from typing import Final

from pseudonymizer.encoding import enc
from pseudonymizer.lookup import Lookup, Resolved

__all__ = ["OutcomeCache"]

LONGEST_SECONDS: Final = 60.0


class OutcomeCache:
    """Outcomes of look-ups, by domains asked for; the oldest go first, some 500 bytes each."""

    def __init__(
        self, *, ttl_s: float, size: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ttl_s = min(ttl_s, LONGEST_SECONDS)
        self._size = size
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[bytes, tuple[float, Resolved]] = {}
        self._keyed = blake2b(key=token_bytes(32), digest_size=16)
        self._contexts: dict[tuple[str, ...], tuple[blake2b, blake2b]] = {}
        self.epoch = 0

    def contexts(self, domains: tuple[str, ...]) -> tuple[blake2b, blake2b]:
        """Give the digests that name entries for *domains*: of a mere question, of an assertion.

        Who may mint is not in the name: only known subjects are remembered.
        """
        contexts = self._contexts.get(domains)
        if contexts is None:
            asked, asserted = self._keyed.copy(), self._keyed.copy()
            asked.update(enc("asked", *domains))
            asserted.update(enc("asserted", *domains))
            self._contexts[domains] = contexts = (asked, asserted)
        return contexts

    def name(self, lookup: Lookup, contexts: tuple[blake2b, blake2b]) -> bytes:
        """Give the entry's name: canonical forms hold no NUL, so the joined text is injective."""
        context = contexts[lookup.link].copy()
        if len(lookup.identifiers) == 1:
            kind, text = lookup.identifiers[0]
            context.update(f"{kind}\0{text}".encode())
        else:
            parts = [part for identifier in lookup.identifiers for part in identifier]
            context.update("\0".join(parts).encode())
        return context.digest()

    def __len__(self) -> int:
        """Give how many outcomes are held."""
        return len(self._entries)

    def get(self, name: bytes, now: float) -> Resolved | None:
        """Give the outcome remembered under *name*, unless it is too old."""
        entry = self._entries.get(name)
        return entry[1] if entry is not None and now < entry[0] else None

    def now(self) -> float:
        """Give the instant to hand to ``get``; one reading serves a batch."""
        return self._clock()

    def put(self, outcomes: Sequence[tuple[bytes, Resolved]], *, epoch: int) -> None:
        """Remember outcomes read while *epoch* was current; after an invalidation, do not."""
        now = self._clock()
        until = now + self._ttl_s
        with self._lock:
            if epoch != self.epoch or self._ttl_s <= 0:
                return
            for name, resolved in outcomes:
                self._entries.pop(name, None)
                self._entries[name] = (until, resolved)
            self._drop_oldest(now)

    def _drop_oldest(self, now: float) -> None:
        """Forget what is too old, and the oldest of what is too much.

        All live equally long, so the oldest stand first.  What nobody may be answered with any more
        would otherwise fill memory with everybody of the last hours, up to 100 MB.
        """
        entries = self._entries
        old = sum(1 for _ in takewhile(lambda entry: entry[0] <= now, entries.values()))
        for name in list(islice(entries, max(old, len(entries) - self._size))):
            del entries[name]

    def invalidate(self, pids: Collection[bytes]) -> None:
        """Forget every outcome that names one of *pids*."""
        wanted = set(pids)
        with self._lock:
            self.epoch += 1
            for name, (_, resolved) in list(self._entries.items()):
                names = (resolved.pids, *resolved.past) if resolved.pids else ()
                if any(not wanted.isdisjoint(each.values()) for each in names):
                    del self._entries[name]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self.epoch += 1
            self._entries.clear()
