"""What anybody may read about an installation: what is computed, of what, how long (R-13).

Nothing here depends on a person, and no size is told: the segment catalogue says what could be
computed of somebody, not of how many.
"""

from __future__ import annotations

from typing import Any

from gateway.rights.statements import controller
from policies.conditions import features_of
from policies.ruleset import RuleSet, SegmentRule
from workers.store.audit_log import LoggedCheckpoint


def page(rules: RuleSet, checkpoint: LoggedCheckpoint | None) -> dict[str, Any]:
    """Give the public statement; *checkpoint* is the newest signed head of the audit log."""
    found = rules.controller
    return {
        "controller": controller(rules),
        "data_subjects": {"fr": found.data_subjects_fr, "en": found.data_subjects_en},
        "rulebook": rules.hash,
        "purposes": [_purpose(rules, key) for key in rules.purposes],
        "segments": [_segment(rules, rule) for rule in rules.segments.values()],
        "recipients": [
            {"name": each.name, "country": each.country, "purposes": list(each.purposes)}
            for each in rules.recipients.values()
        ],
        "disclosure": {
            "least_people_in_a_count": rules.disclosure.count_floor,
            "least_people_in_an_export": rules.disclosure.export_floor,
        },
        "audit_log": None if checkpoint is None else {
            "size": checkpoint.size,
            "root": bytes(checkpoint.root).hex(),
            "signed_at": checkpoint.at.isoformat(),
            "note": checkpoint.note,
        },
    }  # fmt: skip


def _purpose(rules: RuleSet, key: str) -> dict[str, Any]:
    rule = rules.purposes[key]
    notice = rules.notices[rule.notice]
    return {
        "key": key,
        "label": {"fr": rule.label_fr, "en": rule.label_en},
        "legal_basis": str(rule.legal_basis),
        "adults_only": key in rules.signals.age.adults,
        "assessment": rule.lia,
        "retention_days": rule.retention.days,
        "consent_validity_days": rule.consent_validity.days,
        "computed_retention_days": rule.feature_retention.days,
        "notice": {
            "version": notice.version,
            "language": notice.language,
            "valid_from": notice.valid_from,
            "text": notice.text,
            "sha256": notice.text_sha256,
        },
    }


def _segment(rules: RuleSet, rule: SegmentRule) -> dict[str, Any]:
    inputs = [rules.features[key] for key in sorted(features_of(rule.condition))]
    return {
        "key": rule.key,
        "version": rule.version,
        "label": {"fr": rule.label_fr, "en": rule.label_en},
        "description": {"fr": rule.description_fr, "en": rule.description_en},
        "purpose": rule.purpose,
        "inputs": [{"fr": each.label_fr, "en": each.label_en} for each in inputs],
    }
