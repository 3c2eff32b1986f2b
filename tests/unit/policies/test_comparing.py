"""What a change of the rulebook would do is said, and marked where it loosens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from policies.comparing import Change, Effect, compare
from policies.conditions import Not
from policies.load import load_rulebook
from policies.ruleset import RecipientRule, RuleSet, TcfRule
from policies.vocabulary import SpecialCategory
from tests.support.rulebooks import copied, edited

RULES = load_rulebook()
# Said by another attribute that changes with them, or of no consequence by themselves.
SHARED = replace(
    RULES,
    signals=replace(RULES.signals, tcf=TcfRule(880, 5, MappingProxyType({1: ("advertising",)}))),
    recipients=MappingProxyType(
        {"mailer": RecipientRule("mailer", "Mailer", "FR", ("email_marketing",))}
    ),
)
FOLLOWING = {
    "proof_key",
    "retention_key",
    "consent_validity_key",
    "feature_retention_key",
    "text_sha256",
}
# What may be said and computed otherwise of the same data for the same purposes.
HARMLESS = {
    "data_subjects_fr", "data_subjects_en",
    "label_fr", "label_en", "description_fr", "description_en", "risk", "reason", "address",
    "contact", "dpo", "timezone", "currency", "step_rules", "funnel", "step", "click", "aggregate",
    "unit", "condition", "version", "owner", "lia", "notices",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(tmp_path)


def changed(folder: Path, file: str, before: str, after: str) -> list[Change]:
    text = (folder / file).read_text(encoding="utf-8")
    assert re.search(before, text), "the test changes nothing"
    (folder / file).write_text(re.sub(before, after, text, count=1), encoding="utf-8")
    return compare(RULES, load_rulebook(folder))


def test_a_rulebook_differs_not_from_itself() -> None:
    assert compare(RULES, load_rulebook()) == []


def test_steps_in_another_order_are_another_rulebook() -> None:
    steps = dict(reversed(RULES.step_rules.items()))
    (change,) = compare(RULES, replace(RULES, step_rules=steps))
    assert (change.file, change.key, change.effect, change.loosens) == (
        "events.yaml", "steps", Effect.OTHERWISE, False
    )  # fmt: skip


def other(value: Any) -> Any:
    """Give another value of the kind of *value*."""
    match value:
        case bool():
            found: Any = not value
        case StrEnum():
            found = next(each for each in type(value) if each is not value)
        case int():
            found = value + 1
        case str():
            found = value + "x"
        case timedelta():
            found = value + timedelta(days=1)
        case tuple():
            found = value[1:] if value else ("another",)
        case Mapping():
            found = MappingProxyType(dict(list(value.items())[1:]))
        case _:
            found = "something" if value is None else Not(value)
    return found


def mutants(thing: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Give *thing* with one attribute changed, for each attribute of it and of what it holds."""
    if is_dataclass(thing) and not isinstance(thing, type):
        for field in fields(thing):
            if not field.init or field.name in FOLLOWING:
                continue
            value = getattr(thing, field.name)
            inner = is_dataclass(value) and field.name != "condition"
            for name, found in mutants(value, "") if inner or _entries(value) else ():
                yield f"{path}.{field.name}{name}", replace(thing, **{field.name: found})  # type: ignore[type-var]
            if not inner:
                yield f"{path}.{field.name}", replace(thing, **{field.name: other(value)})  # type: ignore[type-var]
    elif _entries(thing):
        key, entry = next(iter(thing.items()))
        for name, found in mutants(entry, f"[{key}]"):
            yield path + name, MappingProxyType({**thing, key: found})


def _entries(value: object) -> bool:
    return isinstance(value, Mapping) and bool(value) and is_dataclass(next(iter(value.values())))


def rulebooks() -> list[tuple[str, RuleSet]]:
    left_out = {".hash", ".content", ".properties"}  # a property is what its events make of it
    return [
        (name, found)
        for name, found in mutants(SHARED, "")
        if not any(name == each or name.startswith(f"{each}[") for each in left_out)
    ]


@pytest.mark.parametrize(("name", "mutant"), rulebooks())
def test_no_attribute_of_any_declaration_is_overlooked(name: str, mutant: RuleSet) -> None:
    there, back = compare(SHARED, mutant), compare(mutant, SHARED)
    assert there
    assert back
    # Whatever is changed in a notice is changed in the proof of what was shown.
    told = name.startswith(".notices[") or name.rpartition(".")[2] not in HARMLESS
    # Whoever agreed to a purpose agreed to its words.
    told |= name.startswith(".purposes[") and ".label_" in name
    told &= name != ".retention"  # a period counts where a purpose has it
    assert any(change.loosens for change in (*there, *back)) is told


@pytest.mark.parametrize(
    ("file", "before", "after", "effect", "loosens"),
    [
        ("retention.yaml", "period: 13 months", "period: 14 months", Effect.KEPT_LONGER, True),
        ("retention.yaml", "period: 13 months", "period: 12 months", Effect.KEPT_SHORTER, False),
        ("disclosure.yaml", r"count_floor: \d+", "count_floor: 11", Effect.SHARED_WIDER, True),
        ("disclosure.yaml", r"export_floor: \d+", "export_floor: 900", Effect.SHARED_LESS, False),
        (
            "consent.yaml", r"analytics: \[audience_measurement\]",
            "analytics: [audience_measurement, advertising]", Effect.ASKED_MORE, False,
        ),
        (
            "consent.yaml", r"functional: \[\]", "functional: [advertising]",
            Effect.ASKED_MORE, False,
        ),
        (
            "consent.yaml", r"marketing: \[email_marketing\]", "marketing: []",
            Effect.ASKED_MORE, False,
        ),
    ],
)  # fmt: skip
def test_a_change_says_what_it_does(
    folder: Path, file: str, before: str, after: str, effect: Effect, *, loosens: bool
) -> None:
    changes = changed(folder, file, before, after)
    assert {(change.effect, change.loosens) for change in changes} == {(effect, loosens)}


def test_a_purpose_that_fewer_categories_must_grant_is_asked_less(folder: Path) -> None:
    stricter = changed(folder, "consent.yaml", r"functional: \[\]", "functional: [advertising]")
    assert not any(change.loosens for change in stricter)
    strict = load_rulebook(folder)
    (back,) = compare(strict, RULES)
    assert (back.effect, back.loosens) == (Effect.ASKED_LESS, True)
    assert "functional" in back.before
    assert "functional" not in back.after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # One that says nothing of the others lets an event say yes without them.
        (r"analytics_storage: \[audience_measurement\]",
         "analytics_storage: [audience_measurement, email_marketing]"),
        (r"gpc: \[advertising\]",
         "gpc: [advertising]\ntcf: {vendor: 880, purposes: {'1': [email_marketing]}}"),
        # And one that goes takes its no with it.
        (r"  personalization_storage: \[personalisation\]\n", ""),
    ],
)  # fmt: skip
def test_a_further_kind_of_signal_is_a_further_way_to_a_yes(
    folder: Path, before: str, after: str
) -> None:
    changes = changed(folder, "consent.yaml", before, after)
    assert [(each.effect, each.loosens) for each in changes] == [(Effect.ASKED_LESS, True)]


def test_a_name_that_falls_to_a_wider_rule_loosens(folder: Path) -> None:
    text = (folder / "events.yaml").read_text(encoding="utf-8")
    own = (
        "\n  Health Page:\n    label: {fr: Santé, en: Health}\n    kind: page\n"
        "    purposes: [audience_measurement]\n    properties: [page_name]\n"
    )
    narrow = text.replace("\nevents:\n", f"\nevents:\n{own}", 1)
    (folder / "events.yaml").write_text(narrow, encoding="utf-8")
    with_it = load_rulebook(folder)
    assert any(
        (each.loosens, each.before, each.after) == (True, "Health Page", "Page Viewed")
        for each in compare(with_it, RULES)
    )


def test_another_notice_for_a_purpose_loosens(folder: Path) -> None:
    notice = "\n  older: {version: '1', language: fr, valid_from: '2018-01-01', text: Avant.}\n"
    text = (folder / "notices.yaml").read_text(encoding="utf-8")
    (folder / "notices.yaml").write_text(text + notice, encoding="utf-8")
    changes = changed(folder, "purposes.yaml", "notice: cookies_2026_fr", "notice: older")
    assert [each.key for each in changes if each.loosens] == ["personalisation: notice"]


def test_a_signal_that_is_no_longer_listened_to_asks_less(folder: Path) -> None:
    changes = changed(folder, "consent.yaml", r"gpc: \[advertising\]", "gpc: []")
    assert [(each.key, each.effect, each.loosens) for each in changes] == [
        ("advertising", Effect.ASKED_LESS, True)
    ]
    without = load_rulebook(folder)
    assert [(each.effect, each.loosens) for each in compare(without, RULES)] == [
        (Effect.ASKED_MORE, False)
    ]


def test_a_recipient_is_shared_with(folder: Path) -> None:
    (folder / "recipients.yaml").write_text(
        "recipients:\n  mailer: {name: Mailer, country: FR, purposes: [email_marketing]}\n",
        encoding="utf-8",
    )
    wider = load_rulebook(folder)
    (change,) = compare(RULES, wider)
    assert change[:4] == ("recipients.yaml", "mailer", Effect.SHARED_WIDER, True)
    (change,) = compare(wider, RULES)
    assert change[:4] == ("recipients.yaml", "mailer", Effect.SHARED_LESS, False)


def test_a_word_taken_from_what_is_forbidden_loosens() -> None:
    health = RULES.special_categories[SpecialCategory.HEALTH]
    fewer = replace(health, words_fr=health.words_fr[1:])
    others = MappingProxyType({**RULES.special_categories, SpecialCategory.HEALTH: fewer})
    loose = replace(RULES, special_categories=others)
    (change,) = compare(RULES, loose)
    assert change == (
        "special_categories.yaml", "health: words_fr", Effect.COMPUTED, True, health.words_fr[0], ""
    )  # fmt: skip
    (change,) = compare(loose, RULES)
    assert change[2:] == (Effect.NOT_COMPUTED, False, "", health.words_fr[0])


def test_choices_kept_for_longer_loosen_and_so_do_noes_forgotten_earlier() -> None:
    assert RULES.proof is not None
    shorter = replace(RULES, proof=RULES.proof / 2)
    endless = replace(RULES, proof=None)
    told = {
        (name, change.effect, change.loosens, change.before, change.after)
        for name, pair in {
            "longer": (shorter, RULES), "for ever": (RULES, endless), "no more": (endless, RULES),
        }.items()
        for change in compare(*pair)
    }  # fmt: skip
    assert told == {
        ("longer", Effect.KEPT_LONGER, True, "913 days", "1826 days"),
        ("for ever", Effect.KEPT_LONGER, True, "1826 days", "none"),
        ("no more", Effect.KEPT_SHORTER, True, "none", "1826 days"),
    }


@pytest.mark.parametrize(
    ("before", "after", "effect", "loosens"),
    [
        ("", "    free_text: mask\n", Effect.DROPPED, False),
        ("    free_text: mask\n", "    free_text: drop\n", Effect.DROPPED, False),
        ("    free_text: drop\n", "    free_text: mask\n", Effect.STORED, True),
        ("    free_text: drop\n", "", Effect.STORED, True),
    ],
)
def test_text_that_is_read_for_names_is_kept_less(
    tmp_path: Path, before: str, after: str, effect: Effect, *, loosens: bool
) -> None:
    scanned = "    scan: true\n"
    rules = [
        edited(tmp_path / name, ("properties.yaml", scanned, scanned + declared))
        for name, declared in (("before", before), ("after", after))
    ]
    assert {each[2:4] for each in compare(*rules)} == {(effect, loosens)}


def test_a_property_of_an_event_is_stored_or_dropped() -> None:
    events = dict(RULES.events)
    name, rule = next((name, rule) for name, rule in events.items() if len(rule.properties) > 1)
    gone = next(iter(rule.properties))
    less = {key: each for key, each in rule.properties.items() if key != gone}
    events[name] = replace(rule, properties=MappingProxyType(less))
    smaller = replace(RULES, events=MappingProxyType(events))
    assert compare(RULES, smaller)[0][:4] == (
        "events.yaml", f"{name}: {gone}", Effect.DROPPED, False,
    )  # fmt: skip
    assert compare(smaller, RULES)[0][:4] == (
        "events.yaml", f"{name}: {gone}", Effect.STORED, True,
    )  # fmt: skip
