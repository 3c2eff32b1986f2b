"""What is known of an event between its decoding and its row?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from gateway.ingest.decide import ASSERTED, EXPLICIT, PLAIN, Act, Instants, Signals
from gateway.ingest.rules import EventPlan
from gateway.ingest.wire import WireEvent
from policies.vocabulary import Column, ConsentMethod, Scope, Suspicion
from pseudonymizer.scrub.own import Own

Value = str | int | float


class Found(msgspec.Struct, gc=False, eq=False):
    """One column value, with the purposes that need it; events that say the same share it.

    ``bare`` are the letters and digits in which a sender's own name would show; empty where none
    can.  ``special``: it touches a special category.  ``number`` stands for a text in the store,
    once a transaction that used it was committed.
    """

    column: Column
    value: Value
    purposes: int
    bare: str = ""
    number: int | None = None
    special: bool = False

    def __repr__(self) -> str:
        return f"Found({self.column}, …)"


class Suspect(NamedTuple):
    """Why a property's text is suspect, and the purposes (bits) the property is read for."""

    why: Suspicion
    purposes: int


class Draft(msgspec.Struct, gc=False, eq=False):
    """One event on its way: identified until its pids are known, then decided, then a row.

    ``message`` is what its sender calls it, or a word drawn by lot.
    ``wanted`` are the purposes it could serve before consent is asked.
    ``lookups`` are positions of whom it may be about, best first.  ``outcome`` is set once;
    ``None`` means still going.  ``pids``, ``past`` and ``epoch`` are what its
    sender is called (``pseudonymizer.lookup.Called``).  ``own`` are the names its sender goes by,
    once somebody asked.  ``bulk``: it is folded later, not in its own commit.  ``child``:
    its sender is, or may be, too young to consent alone.  ``special``: purposes (bits) of what
    tells of a special category of data; unless 0, nothing of it is kept but what it says of
    consent.  ``suspects`` are the properties whose text is suspect by itself, with their purposes.
    ``scope``: how far what it says reaches.
    """

    source: int
    event: WireEvent
    plan: EventPlan | None
    name: str
    signals: Signals
    when: Instants
    message: str
    wanted: int
    lookups: tuple[int, ...] = ()
    pids: Mapping[str, bytes] | None = None
    past: Sequence[Mapping[str, bytes]] = ()
    epoch: int = 0
    found: list[Found] = msgspec.field(default_factory=list)
    own: Own | None = None
    bulk: bool = False
    linked: bool = False
    child: bool = False
    special: int = 0
    suspects: dict[str, Suspect] | None = None
    scope: Scope = Scope.DEVICE
    outcome: str | None = None

    def __repr__(self) -> str:
        return f"Draft({self.name}, …)"

    @property
    def act(self) -> Act:
        """Say how strong the event's statement about consent is."""
        if self.event.assertion is not None:
            return ASSERTED
        return EXPLICIT if self.event.explicit_act else PLAIN

    @property
    def method(self) -> ConsentMethod:
        """Say how the event's statement came to us."""
        if self.event.assertion is not None:
            return ConsentMethod.ASSERTED
        return ConsentMethod.PREFERENCE if self.event.explicit_act else ConsentMethod.SIGNAL

    @property
    def named(self) -> bool:
        """Say whether its sender gave it a name, so that it is known when it is sent again."""
        return self.event.message_id is not None

    def suspicion(self, purposes: int) -> Suspicion | None:
        """Give the gravest reason for which what is read for *purposes* of the event is suspect."""
        found = {each.why for each in self.suspects_for(purposes).values()}
        if self.special & purposes:
            found.add(Suspicion.SPECIAL_CATEGORY)
        return next((each for each in Suspicion if each in found), None)

    def suspects_for(self, purposes: int) -> dict[str, Suspect]:
        """Give the properties that are read for *purposes* and whose text is suspect by itself."""
        found = self.suspects or {}
        return {name: each for name, each in found.items() if each.purposes & purposes}

    @property
    def links(self) -> bool:
        """Say whether the event asserts that several identifiers are one person."""
        return len(self.event.links) > 1


@dataclass(slots=True)
class Tally:
    """Counts of one commit group: what became of events, and what was dropped from them.

    ``set_aside`` are those in quarantine, by the reason.
    """

    outcomes: dict[tuple[int, str, str], int] = field(default_factory=dict)
    dropped: dict[tuple[int, str, str], int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)

    def outcome(self, source: int, event: str, outcome: str, count: int = 1) -> None:
        """Count an outcome of an event of *source*; *event* is a name of the rulebook."""
        key = (source, event, outcome)
        self.outcomes[key] = self.outcomes.get(key, 0) + count

    def drop(self, source: int, event: str, name: str, count: int = 1) -> None:
        """Count a property that was not kept; *name* must not be the sender's own spelling."""
        key = (source, event, name)
        self.dropped[key] = self.dropped.get(key, 0) + count

    def copied(self) -> Tally:
        """Give one to count on with, for an attempt that may come to nothing."""
        return Tally(dict(self.outcomes), dict(self.dropped), dict(self.set_aside))
