"""A rulebook bound to one store: what the lanes and jobs compute with.

Built once per process and rulebook.  It is pure after that: states, features and memberships come
out of it without a look at the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Connection

from policies.conditions import features_of
from policies.consent import covers
from policies.ruleset import RuleSet
from policies.vocabulary import LegalBasis
from workers.features.compute import FeaturePlan
from workers.features.late import fold_late, rewound
from workers.features.local_hours import LocalHours
from workers.features.state import FoldEvent, Happened, State, fold
from workers.segments.engine import Engine, Tests, belonging
from workers.store import dictionary, numbering
from workers.store.dictionary import Kind
from workers.store.passing import Passing, passing
from workers.store.roles import Roles

WAY_BYTES = 4  # enough to tell a handful of rulebooks apart; a state has one

Fact = tuple[int, int, int, int | None]
"""Instant in microseconds, message, number of the event name, amount in minor units."""


class Subject(NamedTuple):
    """What decides whether a subject may be in a segment: a registry row without the pseudonym.

    ``consent`` holds triplets (purpose number, since, until), ``objected`` a mask of purposes.
    """

    id: int
    domain: int
    consent: Sequence[int]
    objected: int = 0
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class DomainPlan:
    """What is computed for the subjects of one domain."""

    features: FeaturePlan
    positions: tuple[int, ...]  # of the domain's features in the whole list of features
    judged: FeaturePlan  # only what segments compare: a third of the features, of the time
    judged_positions: tuple[int, ...]  # of these among the domain's features
    engine: Engine
    segments: Mapping[str, tuple[int, int]]  # key → segment number, purpose number
    _admitted: dict[int, Tests] = field(default_factory=dict)

    def admitted(self, purposes: int) -> Tests:
        """Give the tests of the segments of *purposes* (a mask), put together once a mask."""
        tests = self._admitted.get(purposes)
        if tests is None:
            keys = {key for key, (_, number) in self.segments.items() if purposes >> number - 1 & 1}
            tests = self._admitted[purposes] = self.engine.among(keys)
        return tests


@dataclass(frozen=True, slots=True)
class Computation:
    """A rulebook with the numbers this store gave its words."""

    rules: RuleSet
    rulebook: int
    purposes: Mapping[str, int]
    domains: Mapping[str, int]
    segments: Mapping[str, int]
    names: Mapping[str, int]
    feature_set: int
    clock: LocalHours
    without_consent: frozenset[int]  # purposes that rest on another legal basis
    passing: Passing
    roles: Roles
    free: int  # ``without_consent`` as a mask
    way: bytes  # names the rules by which events are folded, and stands before every stored state
    _plans: Mapping[int, DomainPlan]

    @classmethod
    def build(cls, connection: Connection, rules: RuleSet) -> Computation:
        """Number the words of *rules* in this store and compile its features and segments."""
        rulebook = numbering.rulebook_number(connection, rules.hash)
        purposes = numbering.purpose_numbers(connection, rules)
        domains = numbering.domain_numbers(connection, rules)
        segments = numbering.segment_numbers(
            connection, rules, purposes=purposes, rulebook_=rulebook
        )
        names = dictionary.ids(connection, Kind.EVENT, rules.events)
        feature_set = numbering.feature_set_number(connection, list(rules.features), rulebook)
        without_consent = frozenset(
            purposes[rule.key]
            for rule in rules.purposes.values()
            if rule.legal_basis != LegalBasis.CONSENT
        )
        return cls(
            rules=rules,
            rulebook=rulebook,
            purposes=MappingProxyType(purposes),
            domains=MappingProxyType(domains),
            segments=MappingProxyType(segments),
            names=MappingProxyType(names),
            feature_set=feature_set,
            clock=LocalHours(rules.timezone),
            without_consent=without_consent,
            free=sum(1 << (number - 1) for number in without_consent),
            way=_way(rules),
            passing=passing(rules),
            roles=Roles(rules, names),
            _plans={
                domains[key]: _plan(rules, key, purposes=purposes, segments=segments)
                for key in rules.domains
            },
        )

    def fold_event(self, fact: Fact) -> FoldEvent:
        """Give what the fold needs of a stored fact; a name of an older rulebook has no step."""
        at_us, mid, name, amount = fact
        step, click = self.roles.of(name)
        return FoldEvent(at_us, mid, step, click, amount or 0, name)

    def fold(self, state: State | None, events: Sequence[Happened]) -> State:
        """Carry *events*, in order and later than *state*, into *state*."""
        return fold(state, events, self.clock, self.rules.steps)

    def fold_late(self, state: State, events: Sequence[Happened]) -> State | None:
        """Carry *events*, some of them late, into *state*; ``None``: that takes the history."""
        return fold_late(state, events, self.clock, self.rules.steps)

    def rewound(self, state: State, until_us: int) -> State | None:
        """Give what *state* was at an instant; ``None``: that takes the history."""
        return rewound(state, until_us, self.clock, self.rules.steps)

    def values(self, domain: int, state: State, as_of_us: int) -> list[float | None]:
        """Give all of the domain's feature values, in the order of its plan."""
        return self._plans[domain].features.values(state, max(as_of_us, state.last_at_us))

    def judged_values(self, domain: int, state: State, as_of_us: int) -> list[float | None]:
        """Give only the values that segments compare, as ``memberships`` takes them."""
        return self._plans[domain].judged.values(state, max(as_of_us, state.last_at_us))

    def judged_of(self, domain: int, values: Sequence[float | None]) -> list[float | None]:
        """Take out of all of a domain's values those that segments compare."""
        return [values[position] for position in self._plans[domain].judged_positions]

    def snapshot(self, domain: int, values: Sequence[float | None]) -> list[float | None]:
        """Place a domain's values in the list of all features; the others have no value."""
        row: list[float | None] = [None] * len(self.rules.features)
        for position, value in zip(self._plans[domain].positions, values, strict=True):
            row[position] = value
        return row

    def memberships(
        self, subject: Subject, judged: Sequence[float | None], *, now_us: int
    ) -> set[int]:
        """Give the segments the subject is in, of those its consent covers at *now_us*."""
        plan = self._plans[subject.domain]
        tests = plan.admitted(self.covered(subject, now_us))
        return {plan.segments[key][0] for key in belonging(tests, judged)}

    def sized_segments(self) -> list[tuple[int, int, int]]:
        """Give segment, purpose and domain number of every segment of the rulebook."""
        return [
            (segment, purpose, domain)
            for domain, plan in self._plans.items()
            for segment, purpose in plan.segments.values()
        ]

    def covered(self, subject: Subject, now_us: int) -> int:
        """Give the purposes the subject may be profiled for now, as a mask: bit ``number - 1``.

        They are consented to or rest on another basis, and are not objected to.
        """
        if subject.restricted:
            return 0
        consent, mask = subject.consent, self.free
        for at in range(0, len(consent), 3):
            if covers((consent[at + 1], consent[at + 2]), now_us, now_us):
                mask |= 1 << (consent[at] - 1)
        return mask & ~subject.objected


def _way(rules: RuleSet) -> bytes:
    """Name what the fold of an event depends on: steps, roles of the events, timezone.

    Two rulebooks that share it count alike; any other change leaves the states as they are.
    """
    roles = sorted((rule.name, rule.step, rule.click) for rule in rules.events.values())
    text = json.dumps([rules.steps, roles, rules.timezone])
    return hashlib.sha256(text.encode()).digest()[:WAY_BYTES]


def _plan(
    rules: RuleSet, domain: str, *, purposes: Mapping[str, int], segments: Mapping[str, int]
) -> DomainPlan:
    places = [
        (at, feature)
        for at, feature in enumerate(rules.features.values())
        if feature.domain == domain
    ]
    declared = [
        rule for rule in rules.segments.values() if rules.purposes[rule.purpose].domain == domain
    ]
    compared = frozenset[str]().union(*(features_of(rule.condition) for rule in declared))
    judged = [(at, feature) for at, (_, feature) in enumerate(places) if feature.key in compared]
    judging = FeaturePlan([feature for _, feature in judged], rules.steps)
    return DomainPlan(
        features=FeaturePlan([feature for _, feature in places], rules.steps),
        positions=tuple(at for at, _ in places),
        judged=judging,
        judged_positions=tuple(at for at, _ in judged),
        engine=Engine(declared, judging.keys),
        segments={rule.key: (segments[rule.key], purposes[rule.purpose]) for rule in declared},
    )
