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
from collections.abc import Callable, Hashable, Mapping
from enum import Enum, auto
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from secrets import token_bytes
from typing import Final, NamedTuple

from gateway.ingest.drafts import Draft, Found
from gateway.ingest.reaching import getters, nothing
from gateway.ingest.rules import EventPlan, PropertyPlan, Treatment
from policies.vocabulary import Column
from pseudonymizer.scrub.own import Own, could_hold

LONGEST_S: Final = 600.0
MOST: Final = 100_000  # values a process; about 30 MB
WORDS: Final = frozenset({Column.PRODUCT, Column.CATEGORY, Column.LABEL})
"""Columns whose texts stand in the dictionary as they came."""
_REDUCED: Final = frozenset(
    {Treatment.PAGE, Treatment.REFERRER, Treatment.DEVICE, Treatment.CAMPAIGN}
)

GONE: Final = Found(Column.PAGE, "", 0)
"""Stands for what nothing is left of, whoever sends it."""
Memory = dict[Hashable, Found]
Digests = dict[str, bytes]
"""Of the texts of one batch: they repeat within it, and are forgotten with it."""


class Way(Enum):
    """By what is a value remembered?"""

    NOT_AT_ALL = auto()
    ITSELF = auto()
    NUMBER = auto()
    DIGEST = auto()


# A module's own name is found faster than a member of a class.
DIGEST, ITSELF, NUMBER = Way.DIGEST, Way.ITSELF, Way.NUMBER


Reader = tuple[str, int, bool, Way, Memory, PropertyPlan]
"""Member, purposes and money of a property; how its values are remembered, and what they became.

A plain tuple: one with names takes longer to take apart.
"""
Run = tuple[int, tuple[Reader, ...]]
"""The number of a holder, and properties next to each other in the rulebook that stand in it."""
New = tuple[Reader, Hashable | None, object]
"""A value that has to be made of what came: its property, its name in the memory, what came.

``None`` where nothing can be made of it."""


class Met(NamedTuple):
    """The values of an event, in order.

    Attributes:
        found: what they became when they were met before, and those that are ``New``.
        fresh: whether there are any of these.
        bare: of the others, the letters and digits in which their sender may be named.
        special: the purposes of those that touch a special category.
    """

    found: list[Found | New]
    fresh: bool
    bare: list[str]
    special: int


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
        # The memories first, or whoever asks meanwhile would put an old one among new runs.
        self._memories: dict[int, Memory] = {}
        self._runs: dict[int, tuple[EventPlan, tuple[Run, ...]]] = {}

    def turn(self) -> None:
        """Forget everything if it is too old or too much; called once a batch."""
        if self._left <= 0 or self._clock() >= self._until:
            self._forget()

    def met(  # noqa: C901  # asked of every value: each call in here would cost as much as the rest
        self, draft: Draft, plan: EventPlan, digests: Digests, own: Own = ()
    ) -> Met:
        """Give what the values of *draft* became before; not where one of *own* may stand in it.

        An empty text says nothing: browsers send one for a page to which nobody referred.
        """
        parts, wanted = draft.event.parts, draft.wanted
        foreign = _foreign(parts.get("properties"), plan.currency)
        gets = getters(parts, plan.holders)
        found: list[Found | New] = []
        bare: list[str] = []
        fresh, special = False, 0
        for holder, readers in self._of(plan):
            get = gets[holder]
            if get is nothing:
                continue
            for reader in readers:
                member, purposes, money, way, memory, _ = reader
                raw = get(member)
                if raw is None or raw == "" or not purposes & wanted:
                    continue
                kind = type(raw)
                key: Hashable | None = None
                if kind is str:
                    if way is DIGEST:
                        key = digests.get(raw) or self._digest(raw, digests)
                    elif way is ITSELF:
                        key = raw
                elif way is NUMBER and (kind is int or kind is float):
                    key = (kind, raw)  # 1, 1.0 and True are one key, and three values
                known = memory.get(key)
                if known is GONE or (foreign and money):
                    raw = known = None
                if known is None or (own and _named(own, known)):
                    found.append((reader, key, raw))
                    fresh = True
                    continue
                found.append(known)
                if known.bare:
                    bare.append(known.bare)
                if known.special:
                    special |= purposes
        return Met(found, fresh, bare, special)

    def _of(self, plan: EventPlan) -> tuple[Run, ...]:
        """Give the properties of *plan* in order, and what is known of each."""
        # By identity, which no other plan takes as long as this one is held here.
        by_plan = self._runs
        known = by_plan.get(id(plan))
        if known is None:
            grouped = groupby(plan.properties, key=attrgetter("holder"))
            runs = tuple((holder, tuple(map(self._reader, items))) for holder, items in grouped)
            by_plan[id(plan)] = known = (plan, runs)
        return known[1]

    def keep(self, memory: Memory, key: Hashable, found: Found) -> None:
        """Remember what the value named *key* became."""
        memory[key] = found
        self._left -= 1

    def _reader(self, item: PropertyPlan) -> Reader:
        memory = self._memories.setdefault(id(item), {})
        return (item.member, item.purposes, item.money, _way(item), memory, item)

    def _digest(self, text: str, digests: Digests) -> bytes:
        context = self._keyed.copy()
        context.update(text.encode("utf-8", "surrogatepass"))
        digest = digests[text] = context.digest()
        return digest


def _way(item: PropertyPlan) -> Way:
    if item.treatment in _REDUCED:
        return Way.DIGEST
    if item.treatment is Treatment.NUMBER:
        return Way.NUMBER
    return Way.ITSELF if item.column in WORDS else Way.NOT_AT_ALL


def _named(own: Own, known: Found) -> bool:
    return bool(known.bare) and could_hold(own, known.bare)


def _foreign(properties: Mapping[str, object] | None, currency: str) -> bool:
    """Say whether the event's amounts are in another currency: added up they would be wrong."""
    said = properties.get("currency") if properties else None
    if said is None or said == currency:
        return False
    return isinstance(said, str) and said.strip().upper() != currency
