"""How a rulebook folder becomes a ``RuleSet``: every file read, every reference checked, hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from policies.errors import RulebookInvalid
from policies.reading.computed import check_references, read_features, read_segment
from policies.reading.consent import read_consent
from policies.reading.dictionary import read_identifiers, read_properties
from policies.reading.entry import Entry
from policies.reading.events import read_events, read_steps
from policies.reading.governance import (
    read_controller,
    read_disclosure,
    read_domains,
    read_notices,
    read_purposes,
    read_recipients,
    read_retention,
)
from policies.reading.quarantine import read_quarantine
from policies.reading.schema import FORMS, SEGMENT
from policies.reading.source import Value, kept, parse
from policies.reading.special import read_special_categories
from policies.ruleset import (
    DomainRule,
    FeatureRule,
    PurposeRule,
    RuleSet,
    SegmentRule,
    SpecialCategoryRule,
)

SHIPPED: Final = Path(__file__).parent / "rules"
FILES: Final = (
    "controller.yaml",
    "domains.yaml",
    "retention.yaml",
    "notices.yaml",
    "purposes.yaml",
    "consent.yaml",
    "identifiers.yaml",
    "properties.yaml",
    "events.yaml",
    "features.yaml",
    "disclosure.yaml",
    "recipients.yaml",
    "special_categories.yaml",
    "quarantine.yaml",
)
# What a rulebook need not say: it then goes by the shipped one, as those did that are older.
DEFAULTED: Final = frozenset({"special_categories.yaml", "quarantine.yaml"})
SEGMENTS: Final = "segments"
EXAMPLES: Final = ".examples.yaml"


def load_rulebook(folder: Path | None = None) -> RuleSet:
    """Read the rulebook in *folder*, or the one shipped with the package.

    The examples beside each file are not read; ``policies.examples`` runs them.

    Raises:
        RulebookInvalid: something in it cannot be obeyed; the error names file, line, key and
            remedy, and the first fault is the one reported.
    """
    values = read_folder(folder or SHIPPED)
    return build(values)


def read_folder(folder: Path) -> dict[str, Value]:
    """Give what every file of the rulebook says, by its path inside *folder*.

    Raises:
        RulebookInvalid: a file is missing, unknown, or not plain YAML.
    """
    return parsed(texts_of(folder))


def texts_of(folder: Path) -> dict[str, str]:
    """Give the text of every file of the rulebook, by its path inside *folder*.

    Raises:
        RulebookInvalid: one of them cannot be read.
    """
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".yaml", ".yml"} and not path.name.endswith(EXAMPLES)
    }
    return {file: _text(path, file) for file, path in found.items()}


def parsed(texts: Mapping[str, str]) -> dict[str, Value]:
    """Give what every file says.

    Raises:
        RulebookInvalid: a file is missing, unknown, or not plain YAML.
    """
    _refuse_strangers(texts)
    return {file: parse(text, file) for file, text in texts.items()}


def _refuse_strangers(files: Collection[str]) -> None:
    """Refuse a rulebook that lacks a file, or has one that nobody would obey."""
    for file in FILES:
        if file not in files and file not in DEFAULTED:
            raise RulebookInvalid(
                "the file is missing",
                file=file,
                line=0,
                key="",
                advice="Add it to the rulebook's folder.",
            )
    for file in files:
        if file not in FILES and not _is_segment(file):
            raise RulebookInvalid(
                "the file is unknown",
                file=file,
                line=0,
                key="",
                advice="Name it as the shipped rulebook does, with segments in segments/*.yaml.",
            )


def _is_segment(file: str) -> bool:
    folder, _, name = file.rpartition("/")
    return folder == SEGMENTS and name.endswith(".yaml")


def _text(path: Path, file: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise RulebookInvalid(
            "the file cannot be read as UTF-8 text",
            file=file,
            line=0,
            key="",
            advice="Check its permissions, and save it as UTF-8.",
        ) from None


# One rulebook is read several times while it comes into force, and people wait for some of them.
@lru_cache(maxsize=8)
def rulebook_of(content: str) -> RuleSet:
    """Give the rule set that said *content*, as ``RuleSet.content`` has it.

    Raises:
        RulebookInvalid: this version of the product cannot obey it.
    """
    files = json.loads(content)
    _refuse_strangers(files)
    return build({file: kept(said, file) for file, said in files.items()})


def build(values: Mapping[str, Value]) -> RuleSet:
    """Give the rule set that the files say together.

    Raises:
        RulebookInvalid: something in them cannot be obeyed.
    """
    files = _entries(values)
    controller, timezone, currency = read_controller(files["controller.yaml"])
    domains = read_domains(files["domains.yaml"])
    retention = read_retention(files["retention.yaml"])
    notices = read_notices(files["notices.yaml"])
    purposes = read_purposes(files["purposes.yaml"], domains, retention, notices)
    properties = read_properties(files["properties.yaml"], purposes)
    steps = read_steps(files["events.yaml"])
    features = read_features(
        files["features.yaml"], domains=domains, purposes=purposes, steps=steps
    )
    categories, signals, proof = read_consent(files["consent.yaml"], purposes, retention)
    content = content_of(values)
    return RuleSet(
        hash=hashlib.sha256(content.encode()).hexdigest(),
        content=content,
        controller=controller,
        timezone=timezone,
        currency=currency,
        domains=domains,
        purposes=purposes,
        categories=categories,
        signals=signals,
        identifiers=read_identifiers(files["identifiers.yaml"]),
        properties=properties,
        events=read_events(
            files["events.yaml"], steps=steps, purposes=purposes, properties=properties
        ),
        step_rules=steps,
        features=features,
        segments=_segments(files, domains, purposes, features),
        retention=retention,
        proof=retention[proof].period if proof else None,
        proof_key=proof,
        notices=notices,
        recipients=read_recipients(files["recipients.yaml"], purposes),
        disclosure=read_disclosure(files["disclosure.yaml"]),
        special_categories=_special_categories(files["special_categories.yaml"]),
        quarantine=read_quarantine(files["quarantine.yaml"]),
    )


def _special_categories(file: Entry) -> Mapping[str, SpecialCategoryRule]:
    """Give the words of each category; those of events are the shipped ones unless said."""
    name = "special_categories.yaml"
    given = read_special_categories(file)
    shipped = read_special_categories(Entry(parse(_text(SHIPPED / name, name), name), FORMS[name]))
    return MappingProxyType(
        {
            key: rule
            if rule.guard_fr is not None
            else replace(rule, guard_fr=shipped[key].guard_fr, guard_en=shipped[key].guard_en)
            for key, rule in given.items()
        }
    )


def _entries(values: Mapping[str, Value]) -> dict[str, Entry]:
    said = {file: parse(_text(SHIPPED / file, file), file) for file in DEFAULTED - values.keys()}
    return {
        file: Entry(value, FORMS[SEGMENT if _is_segment(file) else file])
        for file, value in {**said, **values}.items()
    }


def _segments(
    files: Mapping[str, Entry],
    domains: Mapping[str, DomainRule],
    purposes: Mapping[str, PurposeRule],
    features: Mapping[str, FeatureRule],
) -> Mapping[str, SegmentRule]:
    places = {
        file.removeprefix(f"{SEGMENTS}/").removesuffix(".yaml"): entry
        for file, entry in files.items()
        if _is_segment(file)
    }
    segments = {
        stem: read_segment(entry, stem, domains=domains, purposes=purposes, features=features)
        for stem, entry in places.items()
    }
    check_references(segments, places)
    return MappingProxyType(segments)


def content_of(values: Mapping[str, Value]) -> str:
    """Give what the files say in one spelling, as JSON; its SHA-256 names the rulebook.

    It is what they say, not how: comments, blanks and quotes are not in it; any word, number and
    order is, for the order of the steps decides what follows what.
    """
    plain = {file: values[file].plain() for file in sorted(values)}
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
