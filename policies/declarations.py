"""What one entry of a rulebook file declares: a purpose, an event, a feature, a segment.

``policies.ruleset`` gathers these into the whole; import them from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from policies.conditions import Condition
from policies.vocabulary import (
    Aggregate,
    Column,
    DataCategory,
    DecisionEffect,
    EventKind,
    FreeText,
    GoogleSignal,
    Keep,
    LegalBasis,
    Precision,
    PropertyType,
    SpecialCategory,
    Unit,
)


@dataclass(frozen=True, slots=True)
class Controller:
    """The legal entity that decides the purposes, how its DPO is reached, and whose data it is."""

    name: str
    address: str
    contact: str
    dpo: str
    data_subjects_fr: str
    data_subjects_en: str


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
class TcfRule:
    """How TC strings are read: as which vendor, from which policy version on, for which purposes.

    ``purposes`` maps a purpose of the framework, by number, to those of ours that it speaks for.
    """

    vendor: int
    least_policy: int
    purposes: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class AgeRule:
    """What follows from somebody's age band.

    ``adults`` are purposes that nobody under 18 is served for.  ``parental`` is the purpose to
    which whoever answers for somebody under 15 consents; without one nothing of these is kept.
    """

    adults: tuple[str, ...] = ()
    parental: str | None = None


@dataclass(frozen=True, slots=True)
class SignalRules:
    """What the signals beside the consent platform's categories mean.

    ``google`` maps a member of Google's Consent Mode to the purposes it speaks for, ``gpc`` are
    the purposes to which Global Privacy Control objects.
    """

    google: Mapping[GoogleSignal, tuple[str, ...]]
    gpc: tuple[str, ...]
    tcf: TcfRule | None
    age: AgeRule


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
    keep: Keep
    links: bool
    region: str | None


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """One property of an event: where it is in the wire event, what it may hold, who needs it.

    ``path`` walks the wire event, such as ``("properties", "product_id")``.  Several properties of
    one event may share a column: the first that is present and valid, in the event's order, wins.
    ``purposes`` are those that need the property; it survives only for them (``minimisation``).
    ``free_text`` says what becomes of it where language models find a name; ``None``: not asked.
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
    free_text: FreeText | None


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
class SpecialCategoryRule:
    """By which words a special category is recognised; a final ``*`` stands for any ending.

    ``words`` are of names: no segment, feature, event or property may have one.  ``guard`` are of
    events: one whose text has one is not kept.
    """

    key: SpecialCategory
    label_fr: str
    label_en: str
    words_fr: tuple[str, ...]
    words_en: tuple[str, ...]
    guard_fr: tuple[str, ...] | None = None
    guard_en: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class QuarantineRule:
    """Which suspect events are sealed for the data protection officer, and for how many days.

    ``key`` is the officer's public key, 32 bytes as base64; nothing is set aside without *reasons*.
    """

    reasons: tuple[str, ...] = ()
    days: int = 7
    key: str | None = None


@dataclass(frozen=True, slots=True)
class RecipientRule:
    """Who a segment may be released to, for which purposes."""

    key: str
    name: str
    country: str
    purposes: tuple[str, ...]
