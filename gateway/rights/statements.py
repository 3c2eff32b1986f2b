"""What must an access report say besides the data itself?

Pure: the parts of Article 15(1)(a) to (h) and 15(2) that follow from the rulebook and from which
tables hold rows: purposes and bases, categories, recipients, retention, sources, rights, and the
existence of profiling.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from policies.data_map import TableNote
from policies.ruleset import RuleSet

Part = dict[str, Any]

RIGHTS: Final = (
    "rectification (Article 16)",
    "erasure (Article 17)",
    "restriction of processing (Article 18)",
    "portability (Article 20)",
    "objection (Article 21)",
    "withdrawal of consent at any time (Article 7(3))",
    "complaint to the supervisory authority (in France the CNIL, https://www.cnil.fr)",
    "judicial remedy (Article 79)",
)
PROFILING: Final = (
    "Behaviour is folded into the features listed, and the segments follow from the features by "
    "the rules printed with them. No decision with legal or similarly significant effect is taken "
    "by automated means alone (Article 22): no segment in force declares such an effect."
)


def controller(rules: RuleSet) -> Part:
    """Say who is responsible and how the data protection officer is reached."""
    found = rules.controller
    return {
        "name": found.name,
        "address": found.address,
        "contact": found.contact,
        "data_protection_officer": found.dpo,
    }


def withheld(kinds: frozenset[str]) -> str | None:
    """Say that a source linked more to these identifiers, and how it can be had."""
    if not kinds:
        return None
    return (
        "A source linked further records to the identifiers of this request, under identifiers of "
        f"the kinds {', '.join(sorted(kinds))} that it did not name. They may be another person's "
        "and are withheld (Article 15(4)); a request that names those identifiers too, checked "
        "like the others, gives them."
    )


def purposes(rules: RuleSet) -> list[Part]:
    """Give every purpose with its legal basis and periods."""
    return [
        {
            "purpose": rule.key,
            "label": {"fr": rule.label_fr, "en": rule.label_en},
            "domain": rule.domain,
            "legal_basis": str(rule.legal_basis),
            "retention_days": rule.retention.days,
            "consent_validity_days": rule.consent_validity.days,
            "notice": rule.notice,
        }
        for rule in rules.purposes.values()
    ]


def retention(rules: RuleSet) -> list[Part]:
    """Give every period and its reason."""
    return [
        {
            "period": rule.key,
            "label": {"fr": rule.label_fr, "en": rule.label_en},
            "days": rule.period.days,
            "reason": rule.reason,
        }
        for rule in rules.retention.values()
    ]


def categories(held: Mapping[str, int], notes: Mapping[str, TableNote]) -> list[str]:
    """Give the categories of data held, from the tables that have a row."""
    found = {
        str(column.category)
        for table, rows in held.items()
        if rows and table in notes
        for column in notes[table].columns.values()
    }
    return sorted(found)


def recipients(told: Iterable[Mapping[str, str]] = ()) -> Part:
    """Name the recipients; an empty list is a statement, too."""
    named = [dict(recipient) for recipient in told]
    return {
        "recipients": named,
        "statement": None if named else "Nothing was released to any recipient.",
        "transfers_to_third_countries": [],
    }


def profiling(rules: RuleSet) -> Part:
    """Say whether and how the person is evaluated automatically (Article 15(1)(h))."""
    significant = [
        rule.key for rule in rules.segments.values() if str(rule.decision_effect) == "significant"
    ]
    return {
        "profiling": bool(rules.segments),
        "logic": PROFILING if not significant else None,
        "segments_with_significant_effect": significant,
    }
