"""What does an access report look like, and is anything missing from it?

Pure: rows, reference and rulebook in, the report out.  ``records`` holds every row of every table,
as the data map has it; the parts before it say the same in words: consent, features with their
windows, segments with the rule applied and the person's own inputs (Article 15, R-14, R-15).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gateway.rights import statements
from gateway.rights.decode import (
    Record,
    Reference,
    consent_in_force,
    instant,
    mask_names,
    readable,
)
from gateway.rights.errors import DataMapIncomplete
from gateway.rights.explain import explain, feature_report
from policies.data_map import TableNote
from policies.ruleset import RuleSet

SCHEMA_VERSION: Final = 1
_US: Final = 1_000_000

Part = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonymous:
    """What the store holds under one pseudonym.

    Attributes:
        records: rows by ``schema.table``, the registry's own among them.
        features: values by key, computed at the instant of the report; ``None`` without events.
        segments: keys of the segments the subject is in, by the stored memberships.
    """

    domain: str
    pid: uuid.UUID
    records: Mapping[str, Sequence[Record]]
    features: Mapping[str, float | None] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What the vault holds: identifiers with their text where it was kept, and bare rows.

    ``withheld`` are the kinds of identifier under which more is linked, which the request did not
    vouch for.
    """

    identifiers: Sequence[Mapping[str, Any]]
    records: Mapping[str, Sequence[Record]]
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Everything a report is about and read with, beside the data itself."""

    rules: RuleSet
    reference: Reference
    notes: Mapping[str, TableNote]
    case: uuid.UUID
    now: datetime


def report(frame: Frame, identified: Identified, pseudonymous: Sequence[Pseudonymous]) -> Part:
    """Give the access report.

    Raises:
        DataMapIncomplete: a table that leads to a subject has no place in it.
    """
    rules, reference, notes = frame.rules, frame.reference, frame.notes
    records = _records(identified, pseudonymous, reference)
    _refuse_gaps(records, notes)
    held = {table: len(rows) for table, rows in records.items()}
    return {
        "schema_v": SCHEMA_VERSION,
        "case": str(frame.case),
        "prepared_at": instant(frame.now),
        "rulebook": rules.hash,
        "controller": statements.controller(rules),
        "confirmation": "Personal data concerning you is processed.",
        "identifiers": [dict(identifier) for identifier in identified.identifiers],
        "withheld": statements.withheld(identified.withheld),
        "domains": [_domain(part, rules, reference, frame.now) for part in pseudonymous],
        "purposes": statements.purposes(rules),
        "categories": statements.categories(held, notes),
        "recipients": statements.recipients(),
        "retention": statements.retention(rules),
        "sources": _sources(pseudonymous, reference),
        "profiling": statements.profiling(rules),
        "rights": list(statements.RIGHTS),
        "held": held,
        "records": records,
    }


def tables_leading_to_subjects(notes: Mapping[str, TableNote]) -> set[str]:
    """Give the tables an access report must represent: those with a pseudonym or surrogate."""
    return {
        name
        for name, note in notes.items()
        if any(column.subject in _LINKS for column in note.columns.values())
    }


_LINKS: Final = frozenset({"pid", "surrogate", "vault", "blind_index"})
# A case names the subjects of other requests too; the register is not part of a person's data
# beyond their own request, which the report is the answer to (Article 15(4)).  The journal has
# rows about erased subjects only.
NOT_REPORTED: Final = frozenset({"rights.case"})


def _refuse_gaps(records: Mapping[str, object], notes: Mapping[str, TableNote]) -> None:
    missing = tables_leading_to_subjects(notes) - set(records) - NOT_REPORTED
    if missing:
        raise DataMapIncomplete(
            f"{', '.join(sorted(missing))} would be missing from the report; all were needed"
        )


def _records(
    identified: Identified, pseudonymous: Sequence[Pseudonymous], reference: Reference
) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for records in (identified.records, *(part.records for part in pseudonymous)):
        for table, rows in records.items():
            said = [readable(table, row, reference) for row in rows]
            found.setdefault(table, []).extend(said)
    return found


def _domain(part: Pseudonymous, rules: RuleSet, reference: Reference, now: datetime) -> Part:
    registry = next(iter(part.records.get("store.subject", ())), None)
    now_us = round(now.timestamp() * _US)
    declared = rules.domains.get(part.domain)
    consent = [] if registry is None else registry["consent"]
    objected = 0 if registry is None else registry["objected"]
    return {
        "domain": part.domain,
        "label": None if declared is None else {"fr": declared.label_fr, "en": declared.label_en},
        "purposes": [] if declared is None else list(declared.purposes),
        "pseudonym": str(part.pid),
        "known_since": None if registry is None else instant(registry["registered_at"]),
        "events": len(part.records.get("store.event", ())),
        "consent": consent_in_force(consent, reference.purposes, now_us),
        "objections": mask_names(objected, reference.purposes),
        "features": [feature_report(rules, key, value) for key, value in part.features.items()],
        "segments": _segments(part, rules),
    }


def _segments(part: Pseudonymous, rules: RuleSet) -> list[Part]:
    stored = {row["segment"]: row for row in part.records.get("store.membership", ())}
    known: dict[str, bool | None] = {key: key in part.segments for key in rules.segments}
    explained = [
        explain(rules.segments[key], rules, values=part.features, segments=known)
        for key in sorted(part.segments)
        if key in rules.segments
    ]
    if len(explained) < len(stored):
        older = len(stored) - len(explained)
        explained.append({"memberships_of_an_older_rulebook": older})
    return explained


def _sources(pseudonymous: Sequence[Pseudonymous], reference: Reference) -> list[str]:
    numbers = {
        row["source"]
        for part in pseudonymous
        for table in ("store.event", "store.consent_record")
        for row in part.records.get(table, ())
    }
    return sorted(reference.sources[number] for number in numbers if number in reference.sources)
