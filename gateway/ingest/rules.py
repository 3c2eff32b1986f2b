"""What does the rulebook say, in the numbers the hot path works with?

Compiled once per rulebook: purposes become bits, categories become masks,
properties become readers.  Nothing here changes afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from gateway.ingest import values
from gateway.ingest.decide import ALL, Signals
from gateway.ingest.reaching import Holder
from gateway.ingest.signals import SignalReader, Told, unheard
from policies.ruleset import EventRule, PropertyRule, RuleSet
from policies.special import Lexicon, guard_lexicon
from policies.vocabulary import Column, FreeText, LegalBasis, PropertyType
from pseudonymizer.generalise import ip

MAX_REMEMBERED = 2_000  # names of events; a site has a handful, an attacker any number

Convert = Callable[[Any], Any]


class Treatment(Enum):
    """How values that people may be in are looked at, many at a time."""

    NONE = auto()
    SCAN = auto()
    PAGE = auto()
    REFERRER = auto()
    DEVICE = auto()
    CAMPAIGN = auto()
    NUMBER = auto()
    FREE_DROP = auto()
    FREE_MASK = auto()


@dataclass(frozen=True, slots=True)
class PropertyPlan:
    """How to get one property's column value out of a wire event.

    It is the *member* of the object at its plan's ``holders[holder]``.
    """

    name: str
    column: Column
    holder: int
    member: str
    convert: Convert
    treatment: Treatment
    purposes: int
    money: bool


@dataclass(frozen=True, slots=True)
class EventPlan:
    """One event rule in numbers.

    ``domains`` pairs a domain's number and key with its purposes.  ``holders`` are the objects in
    which the properties stand.
    """

    rule: EventRule
    purposes: int
    domains: tuple[tuple[int, str, int], ...]
    holders: tuple[Holder, ...]
    properties: tuple[PropertyPlan, ...]
    readable: frozenset[str]
    currency: str
    lexicon: Lexicon


@dataclass(slots=True)
class CompiledRules:
    """The rulebook in force, with the store's numbers for its names.

    ``numbers`` gives a purpose's number in the store, ``domain_numbers`` a
    domain's; both only ever grow.  ``domains`` are number, key and purposes of each.  ``told``
    hears what became of each TC string.  ``parental`` is the bit of the purpose to which a parent
    consents, ``unparented`` what a child's event says where none has, ``minor`` where one has.
    """

    ruleset: RuleSet
    numbers: Mapping[str, int]
    domain_numbers: Mapping[str, int]
    told: Told = unheard
    domain_masks: dict[str, int] = field(init=False)
    domains: tuple[tuple[int, str, int], ...] = field(init=False)
    free: int = field(init=False)
    objectable: int = field(init=False)
    parental: int = field(init=False)
    unparented: Signals = field(init=False)
    minor: Signals = field(init=False)
    _plans: dict[tuple[str, str], EventPlan | None] = field(init=False, default_factory=dict)
    _by_rule: dict[str, EventPlan] = field(init=False, default_factory=dict)
    signals: SignalReader = field(init=False)
    lexicon: Lexicon = field(init=False)
    _retention: list[tuple[int, int]] = field(init=False)
    _least_us: int = field(init=False)
    _all: int = field(init=False)
    validity_us: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        rules = self.ruleset
        self.domain_masks = {key: self.mask(rule.purposes) for key, rule in rules.domains.items()}
        self.domains = tuple(
            (self.domain_numbers[key], key, mask) for key, mask in self.domain_masks.items()
        )
        self.signals = SignalReader(rules, self.mask, self.told)
        self.lexicon = guard_lexicon(rules.special_categories)
        self.free = self.mask(
            key for key, p in rules.purposes.items() if p.legal_basis is not LegalBasis.CONSENT
        )
        interest = LegalBasis.LEGITIMATE_INTEREST
        self.objectable = self.mask(
            key for key, p in rules.purposes.items() if p.legal_basis is interest
        )
        parental = rules.signals.age.parental
        self.parental = 0 if parental is None else self.bit(parental)
        self.unparented = Signals(ALL, 0, self.mask(rules.purposes) & ~self.parental)
        adults = self.mask(rules.signals.age.adults)
        self.minor = Signals(adults, 0, adults)
        self._retention = [
            (_us(purpose.retention), self.bit(key)) for key, purpose in rules.purposes.items()
        ]
        self._least_us = min((limit for limit, _ in self._retention), default=0)
        self._all = self.mask(rules.purposes)
        self.validity_us = {
            self.numbers[key]: _us(purpose.consent_validity)
            for key, purpose in rules.purposes.items()
        }
        for name, rule in rules.events.items():
            self._by_rule[name] = self._compile(rule)

    def bit(self, purpose: str) -> int:
        """Give the bit of *purpose*."""
        return 1 << (self.numbers[purpose] - 1)

    def mask(self, purposes: Any) -> int:  # noqa: ANN401  # any iterable of keys
        """Give the bits of *purposes*."""
        mask = 0
        for purpose in purposes:
            mask |= self.bit(purpose)
        return mask

    def plan(self, kind: str, name: str) -> EventPlan | None:
        """Give the plan for an event of *kind* called *name*; ``None`` when none is declared."""
        key = (kind, name)
        try:
            return self._plans[key]
        except KeyError:
            rule = self.ruleset.event_named(name, kind)
            found = self._by_rule[rule.name] if rule else None
            if len(self._plans) < MAX_REMEMBERED:
                self._plans[key] = found
            return found

    def retained(self, at_us: int, now_us: int) -> int:
        """Give the purposes that may still keep something that happened at *at_us*."""
        age = now_us - at_us
        if age < self._least_us:  # as nearly every event is
            return self._all
        mask = 0
        for limit, bit in self._retention:
            if age < limit:
                mask |= bit
        return mask

    def _compile(self, rule: EventRule) -> EventPlan:
        purposes = self.mask(rule.purposes)
        domains = tuple(
            (number, key, mask & purposes) for number, key, mask in self.domains if mask & purposes
        )
        holders = tuple(dict.fromkeys(p.path[:-1] for p in rule.properties.values()))
        plans = tuple(self._property(p, holders) for p in rule.properties.values())
        readable = frozenset(
            p.path[1] for p in rule.properties.values() if p.path[0] == "properties"
        )
        currency = self.ruleset.currency
        readable |= {"currency"}
        return EventPlan(rule, purposes, domains, holders, plans, readable, currency, self.lexicon)

    def _property(self, rule: PropertyRule, holders: tuple[Holder, ...]) -> PropertyPlan:
        return PropertyPlan(
            name=rule.name,
            column=rule.column,
            holder=holders.index(rule.path[:-1]),
            member=rule.path[-1],
            convert=_converter(rule),
            treatment=_treatment(rule),
            money=rule.type is PropertyType.MONEY,
            purposes=self.mask(rule.purposes),
        )


_NUMERIC: Final[Mapping[PropertyType, Convert]] = {
    PropertyType.INTEGER: values.integer,
    PropertyType.NUMBER: values.number,
    PropertyType.MONEY: values.money,
}


def _us(period: Any) -> int:  # noqa: ANN401  # a timedelta
    return int(period.total_seconds()) * 1_000_000


def _treatment(rule: PropertyRule) -> Treatment:
    """Say which way of looking at many values at once *rule* needs before it may be kept."""
    if rule.type is PropertyType.URL:
        return Treatment.REFERRER if rule.column is Column.REFERRER else Treatment.PAGE
    if rule.type is PropertyType.USER_AGENT:
        return Treatment.DEVICE
    if rule.type in _NUMERIC:
        return Treatment.NUMBER
    if rule.column is Column.CAMPAIGN:
        return Treatment.CAMPAIGN
    if rule.free_text is not None:
        return Treatment.FREE_MASK if rule.free_text is FreeText.MASK else Treatment.FREE_DROP
    return Treatment.SCAN if rule.scan else Treatment.NONE


def _converter(rule: PropertyRule) -> Convert:
    """Give the function from raw value to column value; it returns ``None`` to drop."""
    if rule.type in _NUMERIC:
        return _NUMERIC[rule.type]
    pattern = re.compile(rule.pattern) if rule.pattern else None

    def convert(value: Any) -> str | None:  # noqa: ANN401  # JSON is anything
        said = values.text(value, rule.max_length)
        if said and rule.type is PropertyType.IP:
            return ip(said)
        return said if said and (pattern is None or pattern.fullmatch(said)) else None

    return convert
