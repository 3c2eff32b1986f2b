"""Which events a source may report, and the steps of the journey they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from policies.reading.entry import Entry
from policies.ruleset import EventRule, PropertyRule, PurposeRule, StepRule, spelling
from policies.vocabulary import EventKind

_LARGEST_NAME: Final = 100


def read_steps(file: Entry) -> Mapping[str, StepRule]:
    """Give the steps of the journey, those of the funnel first."""
    steps: dict[str, StepRule] = {}
    for key, entry in file.entries("steps"):
        label_fr, label_en = entry.labels()
        steps[key] = StepRule(key, label_fr, label_en, funnel=entry.flag("funnel", default=False))
        entry.done()
        if steps[key].funnel and not all(step.funnel for step in steps.values()):
            entry.fault("funnel", "a funnel step stands after another kind", "Move it up.")
    return MappingProxyType(steps)


def read_events(
    file: Entry,
    *,
    steps: Mapping[str, StepRule],
    purposes: Mapping[str, PurposeRule],
    properties: Mapping[str, PropertyRule],
) -> Mapping[str, EventRule]:
    """Give the events; no two of them answer to one name."""
    shared = file.references("shared_properties", properties)
    events: dict[str, EventRule] = {}
    for name, entry in file.free_entries("events"):
        if len(name) > _LARGEST_NAME or name != " ".join(name.split()):
            entry.fault(
                "", "the name has stray blanks or is too long", "Write it as people say it."
            )
        label_fr, label_en = entry.labels()
        served = entry.references("purposes", purposes)
        own = entry.references("properties", properties)
        rule = EventRule(
            name=name,
            kind=entry.word("kind", EventKind, default=EventKind.TRACK),
            label_fr=label_fr,
            label_en=label_en,
            aliases=entry.texts("aliases"),
            any_name=entry.flag("any_name", default=False),
            step=entry.maybe_reference("step", steps),
            click=entry.flag("click", default=False),
            purposes=served,
            properties=_served((*own, *shared), properties, served, entry),
        )
        entry.done()
        _refuse_shared_names(rule, events, entry)
        events[name] = rule
    file.done()
    return MappingProxyType(events)


def _served(
    names: tuple[str, ...],
    properties: Mapping[str, PropertyRule],
    served: tuple[str, ...],
    entry: Entry,
) -> Mapping[str, PropertyRule]:
    """Give the properties of an event, each with those of the event's purposes that need it."""
    if not served:
        entry.fault("purposes", "the event serves no purpose", "Name one, or remove the event.")
    found = {}
    for name in names:
        own = properties[name].purposes
        needed = tuple(purpose for purpose in served if not own or purpose in own)
        if not needed:
            entry.fault("properties", f"`{name}` serves none of the purposes", "Leave it out.")
        found[name] = replace(properties[name], purposes=needed)
    return MappingProxyType(found)


def _refuse_shared_names(rule: EventRule, others: Mapping[str, EventRule], entry: Entry) -> None:
    taken = {spelling(name) for other in others.values() for name in (other.name, *other.aliases)}
    for name in (rule.name, *rule.aliases):
        if spelling(name) in taken:
            entry.fault("", "another event answers to this name or alias", "Leave it to one.")
        taken.add(spelling(name))
    if rule.any_name and any(
        other.any_name and other.kind is rule.kind for other in others.values()
    ):
        entry.fault("any_name", "another event takes every name of this kind", "Keep one.")
    if rule.any_name and rule.kind is EventKind.TRACK:
        entry.fault("any_name", "track calls are kept by name only", "Declare each name.")
