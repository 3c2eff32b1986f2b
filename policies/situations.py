"""What an example of each rulebook file asks, and whether the rules answer as it says.

Each function takes an example's keys and gives ``None`` when the rules answer as expected, or a
sentence about the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from policies.conditions import holds
from policies.consent import ConsentRecord, covers, fold
from policies.disclosure import publishable
from policies.minimisation import granted_purposes, surviving
from policies.reading.entry import Entry, as_list
from policies.reading.kinds import Whole
from policies.retention import expired
from policies.ruleset import EventRule, RuleSet
from policies.signals import signalled
from policies.special import guard_lexicon, names_lexicon
from policies.vocabulary import ConsentMethod, ConsentStatus, Suspicion

Situation = Callable[[RuleSet, Entry], str | None]

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND: Final = timedelta(microseconds=1)


def verdict(found: object, expected: object) -> str | None:
    """Give ``None`` when both are equal, or what came out and what was expected."""
    return None if found == expected else f"the rules say {found}; the example says {expected}"


def instant(entry: Entry, key: str) -> datetime:
    """Take an instant with its zone, such as ``'2026-03-01T10:00:00Z'``.

    Raises:
        RulebookInvalid: it is no instant, or has no zone.
    """
    text = entry.text(key)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901 -- naive on purpose, refused by the next line
    if found.tzinfo is None:
        entry.fault(key, "this is no instant", "Write it as '2026-03-01T10:00:00Z', in quotes.")
    return found


def instant_us(entry: Entry, key: str) -> int:
    """Take an instant in microseconds since the Unix epoch."""
    return (instant(entry, key) - _EPOCH) // _MICROSECOND


def feature_values(entry: Entry, rules: RuleSet) -> dict[str, float | None]:
    """Take the values of features; the word ``none`` means *no value*.

    Raises:
        RulebookInvalid: a key is no declared feature, or a value no number.
    """
    values: dict[str, float | None] = {}
    for key, item in entry.entry("features").members():
        number = item.content
        if key not in rules.features:
            item.fault("the feature is not declared", "Use a key of features.yaml.")
        if number == "none":
            values[key] = None
        elif isinstance(number, int | float) and not isinstance(number, bool):
            values[key] = float(number)
        else:
            item.fault("this is no number", "Write a number, or `none`.")
    return values


def segment_member(rules: RuleSet, example: Entry, key: str) -> str | None:
    """Ask whether someone with these features is in the segment."""
    values = feature_values(example, rules)
    others: dict[str, bool | None] = {}
    if example.has("segments"):
        others = {name: item.content is True for name, item in example.entry("segments").members()}
    member = holds(rules.segments[key].condition, values, others) is True
    return verdict(member, example.flag("member"))


def _local_hour(rules: RuleSet, example: Entry) -> str | None:
    at = instant(example, "instant").astimezone(ZoneInfo(rules.timezone))
    return verdict(at.hour, example.whole("local_hour", Whole(0, 23)))


def _one_pseudonym(rules: RuleSet, example: Entry) -> str | None:
    purposes = example.references("purposes", rules.purposes, file="purposes.yaml")
    domains = {rules.purposes[key].domain for key in purposes}
    return verdict(len(domains) == 1, example.flag("one_pseudonym"))


def _kept(rules: RuleSet, example: Entry) -> str | None:
    purpose = example.reference("purpose", rules.purposes, file="purposes.yaml")
    happened, today = instant_us(example, "happened"), instant_us(example, "today")
    kept = not expired(happened, today, rules.purposes[purpose].retention)
    return verdict(kept, example.flag("kept"))


def _wording(rules: RuleSet, example: Entry) -> str | None:
    notice = example.reference("notice", rules.notices, file="notices.yaml")
    return verdict(rules.notices[notice].text_sha256, example.text("sha256"))


def _kept_for(rules: RuleSet, example: Entry) -> str | None:
    event = _declared(rules, example)
    consented = example.references("consented", rules.purposes, file="purposes.yaml")
    expected = example.references("kept_for", rules.purposes, file="purposes.yaml")
    return verdict(set(granted_purposes(event, consented)), set(expected))


def _declared(rules: RuleSet, example: Entry) -> EventRule:
    return rules.events[example.reference("event", rules.events, file="events.yaml")]


def _consent(rules: RuleSet, example: Entry) -> str | None:
    if example.has("history"):
        return _history(rules, example)
    said = {key: item.content for key, item in example.entry("categories").members()}
    expected = tuple(
        frozenset(example.references(key, rules.purposes, file="purposes.yaml"))
        for key in ("grants", "refuses")
    )
    found = signalled(rules, said)
    return verdict((frozenset(found.grants), frozenset(found.refuses)), expected)


def _history(rules: RuleSet, example: Entry) -> str | None:
    purpose = next(iter(rules.purposes.values()))
    records = []
    for value in as_list(example.take("history")):
        entry = Entry(value)
        at_us = instant_us(entry, "at")
        records.append(
            ConsentRecord(
                purpose=purpose.key,
                status=entry.word("status", ConsentStatus),
                method=entry.word("method", ConsentMethod),
                at_us=at_us,
                valid_until_us=at_us + purpose.consent_validity // _MICROSECOND,
            )
        )
        entry.done()
    event_us, now_us = instant_us(example, "event_at"), instant_us(example, "now")
    covered = covers(fold(records).get(purpose.key), event_us, now_us)
    return verdict(covered, example.flag("covered"))


def _identifier(rules: RuleSet, example: Entry) -> str | None:
    kind = example.reference("kind", rules.identifiers, file="identifiers.yaml")
    rule = rules.identifiers[kind]
    return verdict((rule.keep, rule.links), (example.text("keep"), example.flag("links")))


def _survivors(rules: RuleSet, example: Entry) -> str | None:
    event = _declared(rules, example)
    granted = example.references("granted", rules.purposes, file="purposes.yaml")
    found = [rule.name for rule in surviving(event, granted)]
    return verdict(found, list(example.texts("keeps")))


def _named(rules: RuleSet, example: Entry) -> str | None:
    rule = rules.event_named(example.raw_text("name"), example.text("call"))
    expected = example.text("event")
    step = example.maybe_text("step")
    found = ("none", None) if rule is None else (rule.name, rule.step)
    return verdict(found, (expected, step))


def _shown(rules: RuleSet, example: Entry) -> str | None:
    members = example.whole("members", Whole(0, 10**12))
    population = example.whole("population", Whole(0, 10**12))
    shown = publishable(members, population, rules.disclosure.count_floor) is not None
    return verdict(shown, example.flag("shown"))


def _recipient(rules: RuleSet, example: Entry) -> str | None:
    recipient = rules.recipients.get(example.text("recipient"))
    purpose = example.reference("purpose", rules.purposes, file="purposes.yaml")
    allowed = recipient is not None and purpose in recipient.purposes
    return verdict(allowed, example.flag("allowed"))


def _touched(rules: RuleSet, example: Entry) -> str | None:
    name = example.maybe_text("name")
    if name is not None:
        touched = names_lexicon(rules.special_categories).touched(name)
    else:
        touched = guard_lexicon(rules.special_categories).touched(example.text("event_text"))
    return verdict(touched or "none", example.text("touches"))


def _set_aside(rules: RuleSet, example: Entry) -> str | None:
    suspicion = example.word("suspicion", Suspicion)
    return verdict(suspicion in rules.quarantine.reasons, example.flag("set_aside"))


SITUATIONS: Final[Mapping[str, Situation]] = MappingProxyType(
    {
        "controller": _local_hour,
        "domains": _one_pseudonym,
        "retention": _kept,
        "notices": _wording,
        "purposes": _kept_for,
        "consent": _consent,
        "identifiers": _identifier,
        "properties": _survivors,
        "events": _named,
        "disclosure": _shown,
        "recipients": _recipient,
        "special_categories": _touched,
        "quarantine": _set_aside,
    }
)
"""The question of each file's examples, by the file's stem."""
