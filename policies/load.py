"""How a rulebook folder becomes a ``RuleSet``: every file read, every reference checked, hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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
from policies.reading.source import Value, parse
from policies.ruleset import DomainRule, FeatureRule, PurposeRule, RuleSet, SegmentRule

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
)
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
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".yaml", ".yml"} and not path.name.endswith(EXAMPLES)
    }
    for file in FILES:
        if file not in found:
            raise RulebookInvalid(
                "the file is missing",
                file=file,
                line=0,
                key="",
                advice=f"Add it to {folder.name}/.",
            )
    for file in found:
        if file not in FILES and not _is_segment(file):
            raise RulebookInvalid(
                "the file is unknown",
                file=file,
                line=0,
                key="",
                advice="Name it as the shipped rulebook does, with segments in segments/*.yaml.",
            )
    return {file: parse(_text(path, file), file) for file, path in found.items()}


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


def build(values: Mapping[str, Value]) -> RuleSet:
    """Give the rule set that the files say together.

    Raises:
        RulebookInvalid: something in them cannot be obeyed.
    """
    files = {file: Entry(value) for file, value in values.items()}
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
    categories, signals = read_consent(files["consent.yaml"], purposes)
    return RuleSet(
        hash=content_hash(values),
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
        notices=notices,
        recipients=read_recipients(files["recipients.yaml"], purposes),
        disclosure=read_disclosure(files["disclosure.yaml"]),
    )


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


def content_hash(values: Mapping[str, Value]) -> str:
    """Give the hash that names a rulebook: 64 hexadecimal digits.

    Taken over what the files say, not over how: comments, blanks and quotes do not change it;
    any word, number or order of a list does.
    """
    plain = {file: value.plain() for file, value in values.items()}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
