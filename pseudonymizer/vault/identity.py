"""Who is who? The pure half of resolving: identifiers and what is known of them, in; a plan, out.

Linking is narrow and never fuzzy (R-41, R-42).  Two rules stand above the others.  A person has at
most one user id, counted over everything linked: where an assertion would give somebody a second
one, the device is shared, nothing is linked and the outcome says ``conflict``.  And a device is a
subject of its own, linked with the people who sign in on it: what they chose there is theirs, and
what holds for it once they have signed out is its own (R-100).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from pseudonymizer.keyring import Identifier
from pseudonymizer.lookup import Linked, Lookup, Said, Status
from pseudonymizer.reach import PERSONAL, reach

__all__ = [
    "Circles",
    "Known",
    "Outcome",
    "Plan",
    "needs_circles",
    "plan",
]

_WEIGHT: Final[Mapping[Linked, int]] = {"none": 0, "attached": 1, "joined": 2, "conflict": 3}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whose event it is: a subject's number, negative for one to be minted, or nobody's."""

    status: Status
    subject: int | None
    linked: Linked = "none"


@dataclass(frozen=True, slots=True)
class Known:
    """What the vault said: whose the identifiers are, and who must not come back."""

    owners: Mapping[Identifier, int]
    tombstoned: AbstractSet[Identifier]
    gone: AbstractSet[int]  # subjects being erased, or erased


class Circles:
    """Which subjects are linked, directly or not, and which circle has a user id.

    *apart* are pairs whose link was undone: no later assertion brings their circles together.
    """

    def __init__(
        self,
        rows: Iterable[tuple[int, int, bool]] = (),
        apart: Iterable[tuple[int, int]] = (),
    ) -> None:
        self._next: dict[int, int] = {}
        self._named: set[int] = set()
        self._apart = tuple(apart)
        for root, member, has_user_id in rows:
            self.join(root, member)
            if has_user_id:
                self.name(root)

    def root(self, subject: int) -> int:
        """Give the member that stands for the subject's circle."""
        while subject in self._next:
            subject = self._next[subject]
        return subject

    def join(self, one: int, other: int) -> None:
        """Make one circle of two."""
        one, other = self.root(one), self.root(other)
        if one != other:
            self._next[other] = one
            if other in self._named:
                self._named.add(one)

    def may_join(self, one: int, other: int) -> bool:
        """Say whether the circles may become one: not two user ids, and nothing undone."""
        roots = {self.root(one), self.root(other)}
        if roots <= self._named:
            return False
        return all({self.root(a), self.root(b)} != roots for a, b in self._apart)

    def name(self, subject: int) -> None:
        """Record that the subject's circle has a user id."""
        self._named.add(self.root(subject))

    def named(self, subject: int) -> bool:
        """Say whether the subject's circle has a user id."""
        return self.root(subject) in self._named


@dataclass(slots=True)
class Plan:
    """What to write, and whose event each look-up is."""

    owners: dict[Identifier, int]
    circles: Circles
    minted: int = 0
    attached: dict[Identifier, int] = field(default_factory=dict)
    sources: dict[Identifier, int] = field(default_factory=dict)
    links: dict[tuple[int, int], Said] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def writes(self) -> bool:
        """Say whether anything is to be written."""
        return bool(self.attached or self.links)

    def mint(self, identifier: Identifier) -> int:
        """Plan a new subject, known by *identifier*; give its provisional, negative number."""
        self.minted += 1
        self.attach(identifier, -self.minted)
        return -self.minted

    def attach(self, identifier: Identifier, subject: int, said: Said | None = None) -> None:
        """Plan *identifier* as one more of *subject*'s, because somebody *said* so."""
        if said is not None:
            self.sources[identifier] = said.source
        self.owners[identifier] = subject
        self.attached[identifier] = subject
        if identifier[0] == "user_id":
            self.circles.name(subject)

    def may_take(self, subject: int, identifier: Identifier) -> bool:
        """Say whether *identifier* may be *subject*'s: a second user id may not."""
        return identifier[0] != "user_id" or not self.circles.named(subject)


def needs_circles(lookups: Iterable[Lookup], known: Known) -> set[int]:
    """Give the known subjects whose links decide what a linking look-up may write."""
    wanted: set[int] = set()
    for lookup in lookups:
        if lookup.link:
            owners = {known.owners.get(identifier) for identifier in lookup.identifiers}
            if len(owners) > 1:
                wanted |= owners - {None}  # type: ignore[arg-type]  # narrowed by the difference
    return wanted


def plan(lookups: Sequence[Lookup], known: Known, circles: Circles) -> Plan:
    """Decide each look-up in order; later ones see what earlier ones planned."""
    planned = Plan(dict(known.owners), circles)
    for lookup in lookups:
        planned.outcomes.append(_decide(lookup, known, planned))
    return planned


def _decide(lookup: Lookup, known: Known, planned: Plan) -> Outcome:
    primary = lookup.identifiers[0]
    gone = {
        identifier
        for identifier in lookup.identifiers
        if identifier in known.tombstoned or planned.owners.get(identifier) in known.gone
    }
    # Whoever signs in on the device of somebody erased is heard; the device is left out of it.
    if primary in gone or any(kind in PERSONAL for kind, _ in gone):
        return Outcome("suppressed", None)
    if gone:
        left = tuple(each for each in lookup.identifiers if each not in gone)
        lookup = replace(lookup, identifiers=left)
    owner = planned.owners.get(primary)
    if lookup.link and len(lookup.identifiers) > 1:
        return _link(lookup, owner, planned)
    if owner is not None:
        return Outcome("known", owner)
    if not lookup.mint:
        return Outcome("unknown", None)
    return Outcome("minted", planned.mint(primary))


def _link(lookup: Lookup, owner: int | None, planned: Plan) -> Outcome:
    primary, *others = lookup.identifiers
    linked: Linked = "none"
    status: Status = "known"
    if owner is None:
        owner = _adopter(primary, others, planned)
        if owner is not None:
            planned.attach(primary, owner, lookup.said)
            linked = "attached"
        elif lookup.mint:
            status, owner = "minted", planned.mint(primary)
        else:
            # Somebody is known, but may not take a second user id; or nobody is known at all.
            anybody = any(planned.owners.get(other) is not None for other in others)
            return Outcome("unknown", None, "conflict" if anybody else "none")
    for other in others:
        step = _bring(other, owner, lookup, planned)
        if not (status == "minted" and step == "attached"):
            linked = max(linked, step, key=_WEIGHT.__getitem__)
    return Outcome(status, owner, linked)


def _adopter(primary: Identifier, others: Sequence[Identifier], planned: Plan) -> int | None:
    """Give the first known subject that may take an unknown primary identifier."""
    for other in others:
        subject = planned.owners.get(other)
        alike = reach(other[0]) == reach(primary[0])
        if subject is not None and alike and planned.may_take(subject, primary):
            return subject
    return None


def _bring(other: Identifier, owner: int, lookup: Lookup, planned: Plan) -> Linked:
    """Bring one more identifier to *owner*, as far as the rules allow."""
    subject = planned.owners.get(other)
    circles = planned.circles
    if subject == owner:
        return "none"
    if subject is None:
        if not planned.may_take(owner, other):
            return "conflict"
        if reach(other[0]) == reach(lookup.identifiers[0][0]):
            planned.attach(other, owner, lookup.said)
            return "attached"
        subject = _apart(other, lookup, planned)
    if circles.root(subject) == circles.root(owner):
        return "joined"
    if not circles.may_join(subject, owner):
        return "conflict"
    circles.join(owner, subject)
    planned.links[owner, subject] = lookup.said
    return "joined"


def _apart(other: Identifier, lookup: Lookup, planned: Plan) -> int:
    """Give the subject of *other*, which is not its primary one's: a device is only itself."""
    if other[0] in PERSONAL:
        adopter = _adopter(other, lookup.identifiers, planned)
        if adopter is not None:
            planned.attach(other, adopter, lookup.said)
            return adopter
    return planned.mint(other)
