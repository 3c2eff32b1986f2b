"""What is computed from events: features, and the segments that read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from policies.conditions import All, Any_, Compare, Condition, InSegment, Not, leaves
from policies.reading.entry import KEY, Entry, as_list
from policies.reading.source import Value
from policies.ruleset import DomainRule, FeatureRule, PurposeRule, SegmentRule, StepRule
from policies.vocabulary import Aggregate, Comparison, DecisionEffect, Unit

PURCHASE: Final = "purchase"
# What the folded state can tell without going back to the events: by step, and within a window.
_ANY_STEP: Final = frozenset(
    {
        Aggregate.COUNT,
        Aggregate.DISTINCT_DAYS,
        Aggregate.DWELL,
        Aggregate.FREQUENCY,
        Aggregate.MEAN_GAP,
    }
)
_OF_PURCHASE: Final = frozenset({Aggregate.RECENCY, Aggregate.SUM})
_WHOLE_HISTORY: Final = frozenset(
    {Aggregate.DWELL, Aggregate.AGE, Aggregate.WEIGHTED_CLICKS, Aggregate.FAVOURITE_HOUR}
)


def read_features(
    file: Entry,
    *,
    domains: Mapping[str, DomainRule],
    purposes: Mapping[str, PurposeRule],
    steps: Mapping[str, StepRule],
) -> Mapping[str, FeatureRule]:
    """Give the features."""
    features = {}
    for key, entry in file.entries("features"):
        label_fr, label_en = entry.labels()
        rule = FeatureRule(
            key=key,
            label_fr=label_fr,
            label_en=label_en,
            domain=entry.reference("domain", domains),
            aggregate=entry.word("aggregate", Aggregate),
            step=entry.maybe_reference("step", steps),
            window=entry.maybe_period("window"),
            unit=entry.word("unit", Unit),
        )
        entry.done()
        _check_feature(rule, entry, domains[rule.domain], purposes)
        features[key] = rule
    file.done()
    return MappingProxyType(features)


def _check_feature(
    rule: FeatureRule, entry: Entry, domain: DomainRule, purposes: Mapping[str, PurposeRule]
) -> None:
    if not domain.profiling:
        entry.fault("domain", "the domain is not for profiling", "Use another domain.")
    by_step = rule.aggregate in _ANY_STEP
    by_purchase = rule.aggregate in _OF_PURCHASE and rule.step == PURCHASE
    if rule.step is not None and not by_step and not by_purchase:
        entry.fault("step", "this aggregate cannot be taken of the step", "Remove the step.")
    if rule.window is not None and rule.aggregate in _WHOLE_HISTORY:
        entry.fault("window", "this aggregate is of the whole history", "Remove the window.")
    kept = min(purposes[key].retention for key in domain.purposes)
    if rule.window is not None and rule.window > kept:
        entry.fault("window", "the window outlasts the data", f"Use at most {kept.days} days.")


def read_segment(
    file: Entry,
    stem: str,
    *,
    domains: Mapping[str, DomainRule],
    purposes: Mapping[str, PurposeRule],
    features: Mapping[str, FeatureRule],
) -> SegmentRule:
    """Give the segment of one file, whose name is the segment's key."""
    entry = file.entry("segment")
    key = entry.text("key")
    if key != stem or not KEY.fullmatch(key):
        entry.fault("key", "the key differs from the file's name", f"Write `key: {stem}`.")
    label_fr, label_en = entry.labels()
    description_fr, description_en = entry.labels("description")
    rule = SegmentRule(
        key=key,
        version=entry.whole("version"),
        label_fr=label_fr,
        label_en=label_en,
        description_fr=description_fr,
        description_en=description_en,
        purpose=entry.reference("purpose", purposes),
        condition=read_condition(entry.take("members")),
        owner=entry.text("owner"),
        decision_effect=entry.word("decision_effect", DecisionEffect),
    )
    entry.done()
    file.done()
    _check_segment(rule, entry, domains[purposes[rule.purpose].domain], features)
    return rule


def _check_segment(
    rule: SegmentRule, entry: Entry, domain: DomainRule, features: Mapping[str, FeatureRule]
) -> None:
    if not domain.profiling:
        entry.fault("purpose", "its domain is not for profiling", "Use another purpose.")
    if rule.decision_effect is DecisionEffect.SIGNIFICANT:
        entry.fault(
            "decision_effect",
            "a significant decision about a person is not for a segment alone",
            "Use `none` or `marketing` (Art. 22).",
        )
    for leaf in leaves(rule.condition):
        if not isinstance(leaf, Compare):
            continue
        feature = features.get(leaf.feature)
        if feature is None:
            entry.fault(
                "members",
                f"`{leaf.feature}` is not declared in features.yaml",
                "Declare the feature, or use another.",
            )
        if feature.domain != domain.key:
            entry.fault(
                "members",
                f"`{leaf.feature}` belongs to another domain than the purpose",
                "Use features of the purpose's own domain.",
            )


def check_references(segments: Mapping[str, SegmentRule], places: Mapping[str, Entry]) -> None:
    """Refuse segments that refer to unknown ones, to other purposes, or to themselves in a circle.

    Raises:
        RulebookInvalid: one does.
    """
    for rule in segments.values():
        for leaf in leaves(rule.condition):
            if not isinstance(leaf, InSegment):
                continue
            other = segments.get(leaf.key)
            if other is None:
                places[rule.key].fault(
                    "segment", "it refers to no segment of ours", "Mend the key."
                )
            if other.purpose != rule.purpose:
                places[rule.key].fault(
                    "segment",
                    "it reads a segment of another purpose",
                    "Use a segment of the same purpose; consent covers one at a time.",
                )
    for key in segments:
        if key in _reached(key, segments):
            places[key].fault("segment", "it refers to itself in a circle", "Break the circle.")


def _reached(key: str, segments: Mapping[str, SegmentRule]) -> set[str]:
    """Give every segment that *key* reads, directly or not."""
    reached: set[str] = set()
    waiting = [key]
    while waiting:
        for leaf in leaves(segments[waiting.pop()].condition):
            if isinstance(leaf, InSegment) and leaf.key not in reached:
                reached.add(leaf.key)
                waiting.append(leaf.key)
    return reached


def read_condition(value: Value) -> Condition:
    """Give the tree of a condition: `all`, `any`, `not`, `segment`, or a feature compared."""
    entry = Entry(value)
    for word, make in (("all", All), ("any", Any_)):
        if entry.has(word):
            parts = tuple(read_condition(item) for item in _parts(entry.take(word)))
            entry.done()
            return make(parts)
    if entry.has("not"):
        part = read_condition(entry.take("not"))
        entry.done()
        return Not(part)
    if entry.has("segment"):
        key = entry.text("segment")
        entry.done()
        return InSegment(key)
    return _compare(entry)


def _parts(value: Value) -> Iterator[Value]:
    parts = as_list(value)
    if not parts:
        value.fault("the list is empty", "Write at least one condition.")
    yield from parts


def _compare(entry: Entry) -> Compare:
    feature = entry.text("feature")
    given = [op for op in Comparison if entry.has(op)]
    if len(given) != 1:
        entry.fault(
            "", "there is not exactly one comparison", f"Use one of: {', '.join(Comparison)}."
        )
    value = entry.take(given[0])
    number = value.content
    if isinstance(number, bool) or not isinstance(number, int | float):
        return value.fault("the threshold is not a number", "Write a number in the feature's unit.")
    entry.done()
    return Compare(feature, given[0], float(number))
