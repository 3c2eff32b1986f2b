"""Why is a person in a segment, in words, with their own numbers, and what would change it?

Pure.  Article 15(1)(h) asks for the procedure and principles actually applied (C-203/22, Dun &
Bradstreet): the rule in plain language, the subject's own value beside every threshold, and which
single change would alter the result.  The condition tree is included as data, so that the
membership can be recomputed from the access report alone (R-15).
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from policies.conditions import (
    All,
    Any_,
    Compare,
    Condition,
    InSegment,
    Not,
    holds,
    leaves,
)
from policies.ruleset import RuleSet, SegmentRule
from policies.vocabulary import Comparison

LANGUAGES: Final = ("fr", "en")
_COMPARISONS: Final = MappingProxyType(
    {
        Comparison.AT_LEAST: {"fr": "au moins", "en": "at least"},
        Comparison.MORE_THAN: {"fr": "plus de", "en": "more than"},
        Comparison.AT_MOST: {"fr": "au plus", "en": "at most"},
        Comparison.LESS_THAN: {"fr": "moins de", "en": "less than"},
        Comparison.EQUALS: {"fr": "exactement", "en": "exactly"},
        Comparison.DIFFERS: {"fr": "différent de", "en": "other than"},
    }
)
_OPPOSITE: Final = MappingProxyType(
    {
        Comparison.AT_LEAST: Comparison.LESS_THAN,
        Comparison.LESS_THAN: Comparison.AT_LEAST,
        Comparison.MORE_THAN: Comparison.AT_MOST,
        Comparison.AT_MOST: Comparison.MORE_THAN,
        Comparison.EQUALS: Comparison.DIFFERS,
        Comparison.DIFFERS: Comparison.EQUALS,
    }
)
_WORDS: Final = MappingProxyType(
    {
        "fr": {
            "all": " et ",
            "any": " ou ",
            "not": "il n'est pas vrai que {}",
            "in": "appartient au segment « {} »",
            "window": " ({} derniers jours)",
        },
        "en": {
            "all": " and ",
            "any": " or ",
            "not": "it is not true that {}",
            "in": 'is in the segment "{}"',
            "window": " (last {} days)",
        },
    }
)

Values = Mapping[str, float | None]


def rule_text(rule: SegmentRule, rules: RuleSet) -> dict[str, str]:
    """Give the segment's rule as one plain sentence per language."""
    return {language: _said(rule.condition, rules, language) for language in LANGUAGES}


def explain(
    rule: SegmentRule, rules: RuleSet, *, values: Values, segments: Mapping[str, bool | None]
) -> dict[str, Any]:
    """Explain one membership with the subject's own values.

    Args:
        rule: the segment, as in the rulebook in force.
        rules: the rulebook, for labels, windows and units.
        values: the subject's features by key; ``None`` means no value.
        segments: what is known of the other segments the rule refers to.
    """
    return {
        "segment": rule.key,
        "version": rule.version,
        "label": {"fr": rule.label_fr, "en": rule.label_en},
        "description": {"fr": rule.description_fr, "en": rule.description_en},
        "purpose": rule.purpose,
        "decision_effect": str(rule.decision_effect),
        "rule_text": rule_text(rule, rules),
        "condition": tree(rule.condition),
        "inputs": [_input(leaf, rules, values, segments) for leaf in leaves(rule.condition)],
        "recomputed": holds(rule.condition, values, segments),
        "would_change_if": _changes(rule.condition, rules, values, segments),
    }


def tree(condition: Condition) -> dict[str, Any]:
    """Give the condition as data: what a program needs to recompute the membership."""
    match condition:
        case Compare(feature, op, value):
            return {"feature": feature, "op": str(op), "value": value}
        case InSegment(key):
            return {"segment": key}
        case Not(part):
            return {"not": tree(part)}
        case All(parts):
            return {"all": [tree(part) for part in parts]}
        case Any_(parts):
            return {"any": [tree(part) for part in parts]}


def feature_report(rules: RuleSet, key: str, value: float | None) -> dict[str, Any]:
    """Give one feature with its label, window and unit."""
    rule = rules.features[key]
    return {
        "feature": key,
        "label": {"fr": rule.label_fr, "en": rule.label_en},
        "value": _number(value),
        "unit": str(rule.unit),
        "window_days": None if rule.window is None else rule.window.days,
    }


def _input(
    leaf: Compare | InSegment, rules: RuleSet, values: Values, segments: Mapping[str, bool | None]
) -> dict[str, Any]:
    satisfied = holds(leaf, values, segments)
    if isinstance(leaf, InSegment):
        return {"in_segment": leaf.key, "satisfied": satisfied}
    report = feature_report(rules, leaf.feature, values.get(leaf.feature))
    return report | {
        "comparison": str(leaf.op),
        "threshold": leaf.value,
        "satisfied": satisfied,
    }


def _changes(
    condition: Condition,
    rules: RuleSet,
    values: Values,
    segments: Mapping[str, bool | None],
) -> list[dict[str, str]]:
    """Give each single comparison whose opposite would alter the result."""
    now = holds(condition, values, segments)
    found: dict[str, dict[str, str]] = {}
    for leaf in leaves(condition):
        if not isinstance(leaf, Compare) or holds(leaf, values, segments) is None:
            continue
        if holds(_flipped(condition, leaf), values, segments) is now:
            continue
        opposite = leaf
        if holds(leaf, values, segments):
            opposite = Compare(leaf.feature, _OPPOSITE[leaf.op], leaf.value)
        said = {language: _said(opposite, rules, language) for language in LANGUAGES}
        found.setdefault(said["en"], said)
    return list(found.values())


def _flipped(condition: Condition, leaf: Compare) -> Condition:
    match condition:
        case Compare():
            return Not(condition) if condition == leaf else condition
        case InSegment():
            return condition
        case Not(part):
            return Not(_flipped(part, leaf))
        case All(parts):
            return All(tuple(_flipped(part, leaf) for part in parts))
        case Any_(parts):
            return Any_(tuple(_flipped(part, leaf) for part in parts))


def _said(condition: Condition, rules: RuleSet, language: str) -> str:
    words = _WORDS[language]
    match condition:
        case Compare(feature, op, value):
            return _comparison(feature, op, value, rules=rules, language=language)
        case InSegment(key):
            rule = rules.segments[key]
            return words["in"].format(rule.label_fr if language == "fr" else rule.label_en)
        case Not(part):
            return words["not"].format(_said(part, rules, language))
        case All(parts):
            return _joined(parts, words["all"], rules, language)
        case Any_(parts):
            return _joined(parts, words["any"], rules, language)


def _joined(parts: tuple[Condition, ...], word: str, rules: RuleSet, language: str) -> str:
    said = (
        f"({text})" if isinstance(part, All | Any_) else text
        for part in parts
        for text in (_said(part, rules, language),)
    )
    return word.join(said)


def _comparison(
    feature: str, op: Comparison, value: float, *, rules: RuleSet, language: str
) -> str:
    rule = rules.features[feature]
    label = rule.label_fr if language == "fr" else rule.label_en
    window = ""
    if rule.window is not None:
        window = _WORDS[language]["window"].format(rule.window.days)
    unit = str(rule.unit).replace("_", " ")
    return f"{label}{window}: {_COMPARISONS[op][language]} {_number(value)} {unit}"


def _number(value: float | None) -> float | int | None:
    if value is None or math.isnan(value):
        return None
    return int(value) if float(value).is_integer() else value
