"""What the rulebook says about one of its words, in sentences a DPO can check."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from policies.conditions import All, Any_, Compare, Condition, InSegment, Not
from policies.ruleset import (
    EventRule,
    FeatureRule,
    PropertyRule,
    PurposeRule,
    RuleSet,
    SegmentRule,
)
from policies.vocabulary import Comparison

_SAID: Final[Mapping[Comparison, str]] = MappingProxyType(
    {
        Comparison.AT_LEAST: "is at least",
        Comparison.MORE_THAN: "is more than",
        Comparison.AT_MOST: "is at most",
        Comparison.LESS_THAN: "is less than",
        Comparison.EQUALS: "is exactly",
        Comparison.DIFFERS: "is not",
    }
)


def explain(rules: RuleSet, word: str) -> list[str]:
    """Give sentences about the purpose, segment, feature, property or event called *word*.

    An event is found by any of its names.  Nothing is given for a word the rulebook does not know.
    """
    lines: list[str] = []
    if word in rules.purposes:
        lines += _purpose(rules, rules.purposes[word])
    if word in rules.segments:
        lines += _segment(rules, rules.segments[word])
    if word in rules.features:
        lines += _feature(rules.features[word])
    if word in rules.properties:
        lines += _property(rules, rules.properties[word])
    event = rules.event_named(word, "track")
    if event is not None:
        lines += _event(event)
    return lines


def known(rules: RuleSet) -> list[str]:
    """Give the words ``explain`` knows, without aliases."""
    return [*rules.purposes, *rules.segments, *rules.features, *rules.properties, *rules.events]


def _purpose(rules: RuleSet, rule: PurposeRule) -> list[str]:
    events = [name for name, event in rules.events.items() if rule.key in event.purposes]
    segments = [key for key, each in rules.segments.items() if each.purpose == rule.key]
    said = [key for key, purposes in rules.categories.items() if rule.key in purposes]
    return [
        f"Purpose {rule.key}: {rule.label_en} / {rule.label_fr}.",
        f"It rests on {rule.legal_basis.replace('_', ' ')}, in the domain {rule.domain}.",
        f"Data is kept {_days(rule.retention)}, features {_days(rule.feature_retention)}.",
        f"A consent counts for {_days(rule.consent_validity)}; notice {rule.notice}.",
        f"Categories of the consent platform: {', '.join(said) or 'none'}.",
        f"Other signals: {', '.join(rules.signals_for(rule.key)) or 'none'}.",
        f"Segments: {', '.join(segments) or 'none'}.",
        f"Events: {', '.join(events) or 'none'}.",
    ]


def _segment(rules: RuleSet, rule: SegmentRule) -> list[str]:
    return [
        f"Segment {rule.key}, version {rule.version}: {rule.label_en} / {rule.label_fr}.",
        f"{rule.description_en} / {rule.description_fr}",
        f"Only for the purpose {rule.purpose}; owner {rule.owner}; effect {rule.decision_effect}.",
        f"Someone is in it when {sentence(rules, rule.condition)}.",
        f"Its size is shown from {rules.disclosure.count_floor} people on.",
    ]


def _feature(rule: FeatureRule) -> list[str]:
    what = rule.aggregate.replace("_", " ")
    step = f" of the step {rule.step}" if rule.step else ""
    window = f"the last {_days(rule.window)}" if rule.window else "all that is kept"
    return [
        f"Feature {rule.key}: {rule.label_en} / {rule.label_fr}.",
        f"It is the {what}{step} over {window}, in {rule.unit.replace('_', ' ')}.",
        f"It is computed in the domain {rule.domain}.",
    ]


def _event(rule: EventRule) -> list[str]:
    lines = [
        f"Event {rule.name} ({rule.kind}): {rule.label_en} / {rule.label_fr}.",
        f"Also known as: {', '.join(rule.aliases) or 'nothing else'}.",
        f"Kept for {', '.join(rule.purposes)}, where consented; step {rule.step or 'none'}.",
    ]
    for each in rule.properties.values():
        narrow = set(each.purposes) < set(rule.purposes)
        only = f", for {', '.join(each.purposes)} only" if narrow else ""
        lines.append(f"  {each.name} ({_kept_as(each)}{only})")
    return lines


def _property(rules: RuleSet, rule: PropertyRule) -> list[str]:
    carriers = [name for name, event in rules.events.items() if rule.name in event.properties]
    return [
        f"Property {rule.name}, read from {'.'.join(rule.path)}: {_kept_as(rule)}.",
        f"Kept in the column {rule.column}, for {', '.join(rule.purposes) or 'its event'}.",
        f"Events: {', '.join(carriers) or 'none'}.",
    ]


def _kept_as(rule: PropertyRule) -> str:
    coarse = f", as {rule.precision.replace('_', ' ')}" if rule.precision else ""
    looked = f"{', scanned' if rule.scan else ''}{', read for names' if rule.free_text else ''}"
    return f"{rule.category.replace('_', ' ')}{coarse}{looked}"


def sentence(rules: RuleSet, condition: Condition) -> str:
    """Give a condition in words, with the English labels of its features."""
    if isinstance(condition, Compare):
        label = rules.features[condition.feature].label_en
        return f"“{label}” {_SAID[condition.op]} {condition.value:g}"
    if isinstance(condition, InSegment):
        return f"they are in {condition.key}"
    if isinstance(condition, Not):
        return f"it is not so that {_enclosed(rules, condition.part)}"
    joint = " and " if isinstance(condition, All) else " or "
    return joint.join(_enclosed(rules, part) for part in condition.parts)


def _enclosed(rules: RuleSet, condition: Condition) -> str:
    text = sentence(rules, condition)
    return f"({text})" if isinstance(condition, All | Any_) else text


def _days(period: timedelta) -> str:
    return f"{period.days} days"
