"""What consent platforms, browsers and frameworks say, and about which purposes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from policies.reading.entry import Entry, as_list, as_reference
from policies.reading.schema import LEAST_POLICY
from policies.reading.source import Value
from policies.ruleset import AgeRule, PurposeRule, SignalRules, TcfRule
from policies.vocabulary import GoogleSignal, LegalBasis

# The CMP sends these as keys of `categoryPreferences`; Segment's own limits on them.
_CATEGORY: Final = re.compile(r"[A-Za-z_-][A-Za-z0-9_-]{0,33}")
TCF_PURPOSES: Final = tuple(map(str, range(1, 12)))

Spoken = tuple[str, ...]


def read_consent(
    file: Entry, purposes: Mapping[str, PurposeRule], periods: Iterable[str]
) -> tuple[Mapping[str, Spoken], SignalRules, str | None]:
    """Give the categories, what other signals speak for, and the period choices are proved for."""
    categories = {}
    for key, value in file.spoken("categories"):
        if not _CATEGORY.fullmatch(key):
            value.fault("this is no category id", "Use up to 34 letters, digits, `_` and `-`.")
        categories[key] = _known(value, purposes)
    rules = SignalRules(
        google=_google(file, purposes),
        gpc=file.references("gpc", purposes) if file.has("gpc") else (),
        tcf=_tcf(file.entry("tcf"), purposes) if file.has("tcf") else None,
        age=_age(file.entry("age"), purposes) if file.has("age") else AgeRule(),
    )
    _refuse_heard(file, rules, categories)
    proof = file.maybe_reference("proof", periods)
    file.done()
    return MappingProxyType(categories), rules, proof


def _known(value: Value, purposes: Mapping[str, PurposeRule]) -> Spoken:
    return tuple(as_reference(item, purposes, file="purposes.yaml") for item in as_list(value))


def _google(file: Entry, purposes: Mapping[str, PurposeRule]) -> Mapping[GoogleSignal, Spoken]:
    found = {}
    for key, value in file.spoken("google") if file.has("google") else ():
        if key not in [*GoogleSignal]:
            value.fault(
                "Google's Consent Mode has no such member", f"Use one of {', '.join(GoogleSignal)}."
            )
        found[GoogleSignal(key)] = _known(value, purposes)
    return MappingProxyType(found)


def _age(entry: Entry, purposes: Mapping[str, PurposeRule]) -> AgeRule:
    adults = entry.references("adults", purposes)
    parental = None
    if entry.has("parental"):
        parental = entry.reference("parental", purposes)
        if purposes[parental].legal_basis is not LegalBasis.CONSENT or parental in adults:
            entry.fault("parental", "a parent can only consent to it", "Name a consent purpose.")
    entry.done()
    return AgeRule(adults, parental)


def _refuse_heard(file: Entry, rules: SignalRules, categories: Mapping[str, Spoken]) -> None:
    """Refuse a parental consent that the child's own browser could give."""
    tcf = {} if rules.tcf is None else rules.tcf.purposes
    for fed in (*categories.values(), *rules.google.values(), *tcf.values(), rules.gpc):
        if rules.age.parental in fed:
            file.fault(
                "age",
                "a signal of the event speaks for the parental consent",
                "Take the purpose from the signals; it is recorded by POST /v1/consents only.",
            )


def _tcf(entry: Entry, purposes: Mapping[str, PurposeRule]) -> TcfRule:
    spoken = {}
    for key, value in entry.spoken("purposes"):
        if key not in TCF_PURPOSES:
            value.fault("the framework has no such purpose", "Write its number, from 1 to 11.")
        spoken[int(key)] = _known(value, purposes)
    rule = TcfRule(
        vendor=entry.whole("vendor"),
        least_policy=entry.whole("least_policy", default=LEAST_POLICY),
        purposes=MappingProxyType(spoken),
    )
    entry.done()
    return rule
