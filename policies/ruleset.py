"""What the rulebook says once it is read: immutable values that every side shares.

``policies.load.load_rulebook`` is the one way to make a ``RuleSet``; it has checked every
reference, so a lookup of a declared key cannot fail.  Mappings are read-only and keep the order
of the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from policies.conditions import All, Any_, Compare, Condition, InSegment, Not
from policies.vocabulary import (
    Aggregate,
    Column,
    DataCategory,
    DecisionEffect,
    EventKind,
    LegalBasis,
    Precision,
    PropertyType,
    Unit,
)

__all__ = [
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
    "RecipientRule",
    "RetentionRule",
    "RuleSet",
    "SegmentRule",
    "StepRule",
]


@dataclass(frozen=True, slots=True)
class Controller:
    """The legal entity that decides the purposes, and how its DPO is reached."""

    name: str
    address: str
    contact: str
    dpo: str


@dataclass(frozen=True, slots=True)
class DomainRule:
    """A setting within which one subject has one pseudonym, and its purposes may be combined.

    ``profiling`` says whether features and segments may be computed in it; ``risk`` what would go
    wrong if somebody could join it with another domain.
    """

    key: str
    label_fr: str
    label_en: str
    risk: str
    purposes: tuple[str, ...]
    profiling: bool = True


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long a kind of data is kept, counted from its own instant, and why."""

    key: str
    label_fr: str
    label_en: str
    period: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """A version of what people were told; ``text_sha256`` is the proof of its wording."""

    key: str
    version: str
    language: str
    valid_from: str
    text: str
    text_sha256: str


@dataclass(frozen=True, slots=True)
class PurposeRule:
    """Why data is processed, declared beforehand (Art. 5(1)(b), 6)."""

    key: str
    label_fr: str
    label_en: str
    domain: str
    legal_basis: LegalBasis
    retention: timedelta
    consent_validity: timedelta
    feature_retention: timedelta
    lia: str | None
    eprivacy: bool
    notice: str
    retention_key: str
    consent_validity_key: str
    feature_retention_key: str


@dataclass(frozen=True, slots=True)
class IdentifierRule:
    """A kind of direct identifier a source may send, and what becomes of it.

    ``keep`` is ``sealed`` (encrypted in the vault, so that an access request can show it) or
    ``index`` (its blind index only).  ``links`` says whether it may join two histories.
    ``region`` is the default numbering region of a phone.
    """

    kind: str
    label_fr: str
    label_en: str
    keep: Literal["sealed", "index"]
    links: bool
    region: str | None


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """One property of an event: where it is in the wire event, what it may hold, who needs it.

    ``path`` walks the wire event, such as ``("properties", "product_id")``.  Several properties of
    one event may share a column: the first that is present and valid, in the event's order, wins.
    ``purposes`` are those that need the property; it survives only for them (``minimisation``).
    """

    name: str
    path: tuple[str, ...]
    column: Column
    type: PropertyType
    category: DataCategory
    scan: bool
    pattern: str | None
    max_length: int
    precision: Precision | None
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepRule:
    """A moment of the journey through the shop; ``funnel`` steps come first, in their order."""

    key: str
    label_fr: str
    label_en: str
    funnel: bool


@dataclass(frozen=True, slots=True)
class EventRule:
    """One behavioural fact the controller decided to keep.

    ``any_name`` marks the rule that takes every call of its kind whatever its name: page and
    screen calls often have a free name, or none.
    """

    name: str
    kind: EventKind
    label_fr: str
    label_en: str
    aliases: tuple[str, ...]
    any_name: bool
    step: str | None
    click: bool
    purposes: tuple[str, ...]
    properties: Mapping[str, PropertyRule]


@dataclass(frozen=True, slots=True)
class FeatureRule:
    """A number computed from one subject's events.

    ``step`` restricts it to events of that step; ``window`` to the days before the instant of
    computation, ``None`` meaning all that is retained.
    """

    key: str
    label_fr: str
    label_en: str
    domain: str
    aggregate: Aggregate
    step: str | None
    window: timedelta | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """A named group, for one purpose, with the tree that decides membership."""

    key: str
    version: int
    label_fr: str
    label_en: str
    description_fr: str
    description_en: str
    purpose: str
    condition: Condition
    owner: str
    decision_effect: DecisionEffect


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """The smallest group whose size may be shown (R-78), and the smallest that may be released."""

    count_floor: int
    export_floor: int


@dataclass(frozen=True, slots=True)
class RecipientRule:
    """Who a segment may be released to, for which purposes."""

    key: str
    name: str
    country: str
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The whole rulebook.  ``hash`` names its content: the same rules give the same 64 digits."""

    hash: str
    controller: Controller
    timezone: str
    currency: str
    domains: Mapping[str, DomainRule]
    purposes: Mapping[str, PurposeRule]
    categories: Mapping[str, tuple[str, ...]]
    identifiers: Mapping[str, IdentifierRule]
    events: Mapping[str, EventRule]
    step_rules: Mapping[str, StepRule]
    features: Mapping[str, FeatureRule]
    segments: Mapping[str, SegmentRule]
    retention: Mapping[str, RetentionRule]
    notices: Mapping[str, NoticeRule]
    recipients: Mapping[str, RecipientRule]
    disclosure: DisclosureRule
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

    def purpose_of_domain(self, domain: str) -> tuple[str, ...]:
        """Give the purposes that share the pseudonyms of *domain*."""
        return self.domains[domain].purposes


def spelling(name: str) -> str:
    """Give the spelling two names of one event share."""
    return " ".join(name.split()).casefold()
