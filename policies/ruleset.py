"""What the rulebook says once it is read: immutable values that every side shares.

``policies.load.load_rulebook`` is the one way to make a ``RuleSet``; it has checked every
reference, so a lookup of a declared key cannot fail.  Mappings are read-only and keep the order
of the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from policies.conditions import All, Any_, Compare, Condition, InSegment, Not
from policies.declarations import (
    AgeRule,
    Controller,
    DisclosureRule,
    DomainRule,
    EventRule,
    FeatureRule,
    IdentifierRule,
    NoticeRule,
    PropertyRule,
    PurposeRule,
    QuarantineRule,
    RecipientRule,
    RetentionRule,
    SegmentRule,
    SignalRules,
    SpecialCategoryRule,
    StepRule,
    TcfRule,
)
from policies.vocabulary import Column, EventKind

__all__ = [
    "AgeRule",
    "All",
    "Any_",
    "Column",
    "Compare",
    "Condition",
    "Controller",
    "DisclosureRule",
    "DomainRule",
    "EventRule",
    "FeatureRule",
    "IdentifierRule",
    "InSegment",
    "Not",
    "NoticeRule",
    "PropertyRule",
    "PurposeRule",
    "QuarantineRule",
    "RecipientRule",
    "RetentionRule",
    "RuleSet",
    "SegmentRule",
    "SignalRules",
    "SpecialCategoryRule",
    "StepRule",
    "TcfRule",
]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The whole rulebook.

    ``hash`` names its content: the same rules give the same 64 digits.  ``content`` is what the
    files say, in the one spelling the hash is taken over (``policies.load.rulebook_of`` reads it).
    """

    hash: str
    content: str = field(repr=False, compare=False)
    controller: Controller
    timezone: str
    currency: str
    domains: Mapping[str, DomainRule]
    purposes: Mapping[str, PurposeRule]
    categories: Mapping[str, tuple[str, ...]]
    signals: SignalRules
    identifiers: Mapping[str, IdentifierRule]
    properties: Mapping[str, PropertyRule]
    events: Mapping[str, EventRule]
    step_rules: Mapping[str, StepRule]
    features: Mapping[str, FeatureRule]
    segments: Mapping[str, SegmentRule]
    retention: Mapping[str, RetentionRule]
    proof: timedelta | None
    proof_key: str | None
    notices: Mapping[str, NoticeRule]
    recipients: Mapping[str, RecipientRule]
    disclosure: DisclosureRule
    special_categories: Mapping[str, SpecialCategoryRule]
    quarantine: QuarantineRule
    _by_name: dict[tuple[str, str], EventRule] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _by_kind: dict[str, EventRule] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for rule in self.events.values():
            for name in (rule.name, *rule.aliases):
                self._by_name[rule.kind, spelling(name)] = rule
                # Many clients track a page view instead of calling `page`; same fact, same rule.
                self._by_name.setdefault((EventKind.TRACK, spelling(name)), rule)
            if rule.any_name:
                self._by_kind[rule.kind] = rule

    @property
    def steps(self) -> tuple[str, ...]:
        """Give the step names in order, the funnel first; a step's index is its position."""
        return tuple(self.step_rules)

    def event_named(self, name: str | None, kind: str) -> EventRule | None:
        """Give the rule for an event of *kind* called *name*, or ``None`` when none is declared.

        Case and surrounding or repeated blanks do not matter.  A call of a kind that has an
        ``any_name`` rule falls back on it; a track call never does.
        """
        found = self._by_name.get((kind, spelling(name))) if name else None
        return found or self._by_kind.get(kind)

    def names(self) -> list[tuple[str, str]]:
        """Give every declared name of an event with its kind, as ``event_named`` spells them."""
        return list(self._by_name)

    def signals_for(self, purpose: str) -> tuple[str, ...]:
        """Name the signals beside the categories that speak for *purpose*."""
        tcf = {} if self.signals.tcf is None else self.signals.tcf.purposes
        return (
            *(f"google {key}" for key, fed in self.signals.google.items() if purpose in fed),
            *(f"tcf {number}" for number, fed in tcf.items() if purpose in fed),
            *(["gpc"] if purpose in self.signals.gpc else []),
            *(["age"] if purpose in self.signals.age.adults else []),
        )

    def purpose_of_domain(self, domain: str) -> tuple[str, ...]:
        """Give the purposes that share the pseudonyms of *domain*."""
        return self.domains[domain].purposes


def spelling(name: str) -> str:
    """Give the spelling two names of one event share."""
    return " ".join(name.split()).casefold()
