"""What is lawful to load and still worth a second look: static checks over a whole rulebook.

``load_rulebook`` refuses what cannot be obeyed.  This finds what can be obeyed and should not be
(an ``error``), and what is probably not meant (a ``warning``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from policies.conditions import features_of
from policies.data_map import Erasure, TableNote
from policies.examples import Compute, failures, run_examples
from policies.ruleset import RuleSet, SegmentRule
from policies.special import names_lexicon
from policies.vocabulary import LegalBasis, PropertyType

LEAST: Final = timedelta(days=183)  # what the database, too, lets nobody forget earlier


class Level(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"


class Finding(NamedTuple):
    """Something to look at; ``key`` is the place inside ``file``."""

    level: Level
    file: str
    key: str
    what: str
    advice: str


def check(
    rules: RuleSet, folder: Path | None = None, *, compute: Compute | None = None
) -> list[Finding]:
    """Give every finding about *rules* and the examples of *folder*, errors first.

    Raises:
        RulebookInvalid: a file of examples cannot be read.
    """
    findings = [
        *_unused(rules),
        *_unheard(rules),
        *_risky(rules),
        *_special(rules),
        *(found for rule in rules.segments.values() for found in _segment(rules, rule)),
        *(
            Finding(
                Level.ERROR,
                result.file,
                f"line {result.line}",
                f"{result.title}: {result.fault}",
                "Mend the rule or the example; they say different things.",
            )
            for result in failures(run_examples(rules, folder, compute=compute))
        ),
    ]
    return sorted(findings, key=lambda finding: finding.level)


def _warning(file: str, key: str, what: str, advice: str) -> Finding:
    return Finding(Level.WARNING, file, key, what, advice)


def _unused(rules: RuleSet) -> Iterator[Finding]:
    """Find what is declared and serves nothing."""
    purposes = rules.purposes.values()
    periods = {
        key
        for rule in purposes
        for key in (rule.retention_key, rule.consent_validity_key, rule.feature_retention_key)
    } | {rules.proof_key}
    properties = {name for event in rules.events.values() for name in event.properties}
    served = {purpose for event in rules.events.values() for purpose in event.purposes}
    used = (
        ("purposes.yaml", rules.purposes, served, "no event serves the purpose"),
        ("retention.yaml", rules.retention, periods, "no purpose uses the period"),
        ("notices.yaml", rules.notices, {rule.notice for rule in purposes}, "no purpose shows it"),
        ("events.yaml", rules.step_rules, {e.step for e in rules.events.values()}, "no event"),
    )
    for file, declared, needed, what in used:
        for key in declared:
            if key not in needed:
                yield _warning(file, key, what, "Remove it, or use it.")
    for name in rules.properties:
        if name not in properties:
            yield _warning("properties.yaml", name, "no event carries it", "Remove it, or use it.")


def _unheard(rules: RuleSet) -> Iterator[Finding]:
    """Find purposes that rest on consent and that no signal grants: GPC and age only say no."""
    heard = {purpose for purposes in rules.categories.values() for purpose in purposes}
    for key, rule in rules.purposes.items():
        granting = key in heard or {*rules.signals_for(key)} - {"gpc", "age"}
        parental = key == rules.signals.age.parental
        if rule.legal_basis is LegalBasis.CONSENT and not granting and not parental:
            advice = "Name it in consent.yaml, unless consent comes by the API only."
            yield _warning("consent.yaml", key, "no category speaks for the purpose", advice)


def _risky(rules: RuleSet) -> Iterator[Finding]:
    """Find text that nobody would look through, and what is kept for longer than it has a use."""
    if rules.proof is None and rules.purposes:
        advice = "Write `proof:` with a key of retention.yaml, such as `proof`."
        yield _warning("consent.yaml", "proof", "choices are kept for ever", advice)
    for name, rule in rules.properties.items():
        if rule.type is PropertyType.TEXT and not rule.scan:
            yield Finding(
                Level.ERROR,
                "properties.yaml",
                name,
                "free text is kept without looking for people in it",
                "Write `scan: true`.",
            )
    counting = max((purpose.consent_validity for purpose in rules.purposes.values()), default=LEAST)
    if rules.proof is not None and rules.proof < max(counting, LEAST):
        yield Finding(
            Level.ERROR,
            "consent.yaml",
            "proof",
            "what was said is forgotten while it may still count",
            f"Choose a period of at least {max(counting, LEAST).days} days.",
        )
    for key, purpose in rules.purposes.items():
        if purpose.feature_retention > purpose.retention:
            advice = "Choose a shorter `feature_retention`."
            yield _warning("purposes.yaml", key, "features outlast their data", advice)


def _special(rules: RuleSet) -> Iterator[Finding]:
    """Find what is named after a special category of data."""
    lexicon = names_lexicon(rules.special_categories)
    for file, key, words in _names(rules):
        touched = next(filter(None, map(lexicon.touched, words)), None)
        if touched is not None:
            yield Finding(
                Level.ERROR,
                file,
                key,
                f"name or description touches a special category: {touched}",
                "Such a thing is not for this product (Art. 9, 10; DSA 26(3), 28(2)).",
            )


def _names(rules: RuleSet) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Give file and key of whatever says something of people, and the words it goes by."""
    for segment in rules.segments.values():
        words = (segment.key, segment.label_fr, segment.label_en)
        described = (segment.description_fr, segment.description_en)
        yield f"segments/{segment.key}.yaml", "segment", (*words, *described)
    for key, feature in rules.features.items():
        yield "features.yaml", key, (key, feature.label_fr, feature.label_en)
    for name, event in rules.events.items():
        yield "events.yaml", name, (name, *event.aliases, event.label_fr, event.label_en)
    for name in rules.properties:
        yield "properties.yaml", name, (name,)


def _segment(rules: RuleSet, rule: SegmentRule) -> Iterator[Finding]:
    file = f"segments/{rule.key}.yaml"
    limit = rules.purposes[rule.purpose].feature_retention
    for key in sorted(features_of(rule.condition)):
        window = rules.features[key].window
        if window is not None and window > limit:
            advice = f"Use a window of at most {limit.days} days."
            yield _warning(file, key, "the feature looks back further than features live", advice)


def forbidden(rules: RuleSet) -> list[Finding]:
    """Give what may not be in force at all, whatever the examples say."""
    findings = [*_risky(rules), *_special(rules)]
    return [each for each in findings if each.level is Level.ERROR]


def check_data_map(tables: Iterable[TableNote]) -> list[Finding]:
    """Find tables about people that an erasure would miss, and columns nobody explained."""
    findings = []
    for table in tables:
        name = f"{table.schema}.{table.name}"
        if table.erasure is Erasure.KEEP and any(
            note.subject in {"pid", "surrogate"} for note in table.columns.values()
        ):
            what = "an erasure keeps rows that lead to a person"
            findings.append(Finding(Level.ERROR, name, "*", what, "Delete, cascade or flag them."))
        for column, note in table.columns.items():
            if not note.purpose or not note.retention:
                what = "the column has no purpose or no retention"
                findings.append(Finding(Level.ERROR, name, column, what, "Complete its note."))
    return findings
