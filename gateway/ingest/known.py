"""What did values become that were met before?

A shop's events say the same few thousand things: products, categories, pages, prices.  What one of
them became depends on its rule and on itself alone, once the first look saw nothing in it; only
whether it holds its sender's own name has to be asked each time.

Kept are numbers, and texts that stand in the store's dictionary in clear anyway; of texts that are
reduced before they are kept (pages, campaigns, browsers) a digest under a key that never leaves
the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from hashlib import blake2b
from secrets import token_bytes
from typing import Final

from gateway.ingest.drafts import Found
from gateway.ingest.rules import EventPlan, PropertyPlan, Treatment
from policies.vocabulary import Column

LONGEST_S: Final = 600.0
MOST: Final = 100_000  # values a process; about 30 MB
WORDS: Final = frozenset({Column.PRODUCT, Column.CATEGORY, Column.LABEL})
"""Columns whose texts stand in the dictionary as they came."""
_REDUCED: Final = frozenset(
    {Treatment.PAGE, Treatment.REFERRER, Treatment.DEVICE, Treatment.CAMPAIGN}
)

Memory = dict[Hashable, Found]
Key = Callable[[object], Hashable | None]
Reader = tuple[int, str, int, bool, Key, Memory, PropertyPlan]
"""Holder, member, purposes and money of a property; how its values are named, what they became."""


class KnownValues:
    """The values met within the last minutes, by property; safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keyed = blake2b(key=token_bytes(32), digest_size=16)
        self._forget()

    def forget(self) -> None:
        """Forget everything: the numbers that stand for texts may be those of another store."""
        self._forget()

    def _forget(self) -> None:
        # New objects: a batch under way goes on with the old ones.
        self._until = self._clock() + LONGEST_S
        self._left = MOST
        self._readers: dict[int, tuple[EventPlan, tuple[Reader, ...]]] = {}
        self._memories: dict[int, Memory] = {}

    def turn(self) -> None:
        """Forget everything if it is too old or too much; called once a batch."""
        if self._left <= 0 or self._clock() >= self._until:
            self._forget()

    def readers(self, plan: EventPlan) -> tuple[Reader, ...]:
        """Give each property of *plan*, how its values are named, and what is known of them."""
        # By identity, which no other plan takes as long as this one is held here.
        known = self._readers.get(id(plan))
        if known is None:
            readers = tuple(map(self._reader, plan.properties))
            self._readers[id(plan)] = known = (plan, readers)
        return known[1]

    def keep(self, memory: Memory, key: Hashable, found: Found) -> None:
        """Remember what the value named *key* became."""
        memory[key] = found
        self._left -= 1

    def _reader(self, item: PropertyPlan) -> Reader:
        memory = self._memories.setdefault(id(item), {})
        key = self._key(item)
        return (item.holder, item.member, item.purposes, item.money, key, memory, item)

    def _key(self, item: PropertyPlan) -> Key:
        if item.treatment in _REDUCED:
            return self._digest
        if item.treatment is Treatment.NUMBER:
            return _typed
        return _text if item.column in WORDS else _never

    def _digest(self, value: object) -> Hashable | None:
        if type(value) is not str:
            return None
        context = self._keyed.copy()
        context.update(value.encode("utf-8", "surrogatepass"))
        return context.digest()


def _never(_: object) -> Hashable | None:
    return None


def _text(value: object) -> Hashable | None:
    return value if type(value) is str else None


def _typed(value: object) -> Hashable | None:
    """Tell ``1`` from ``1.0`` and ``True``, which are one key and three values."""
    kind = type(value)
    return (kind, value) if kind is int or kind is float else None
