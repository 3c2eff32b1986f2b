"""What a rule returns: allowed, or refused with a reason and the article behind it.

A refusal is expected behaviour, so it is a value and not an exception; it becomes an error only
at the edge.  Every refusal is counted under its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Reason(StrEnum):
    """Why something was refused; the value is what counters, answers and the console show."""

    CONSENT_MISSING = "consent-missing"
    CONSENT_REFUSED = "consent-refused"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_NOT_YET = "consent-not-yet"
    CONSENT_EXPIRED = "consent-expired"
    PURPOSE_UNKNOWN = "purpose-unknown"
    EVENT_UNKNOWN = "event-unknown"
    EVENT_INVALID = "event-invalid"
    IDENTIFIER_MISSING = "identifier-missing"
    IDENTIFIER_INVALID = "identifier-invalid"
    IDENTIFIER_NOBODY = "identifier-nobody"
    RETENTION_EXPIRED = "retention-expired"
    TIME_INVALID = "time-invalid"
    CLOCK_FUTURE = "clock-future"
    CHILD = "child"
    SPECIAL_CATEGORY = "special-category"
    RESTRICTED = "restricted"
    OBJECTED = "objected"
    SUPPRESSED = "suppressed"
    TOO_LARGE = "too-large"
    TYPE_UNKNOWN = "type-unknown"
    BATCH_TOO_LONG = "batch-too-long"
    SOCIAL_SECURITY_NUMBER = "social-security-number"
    UNREADABLE_TEXT = "unreadable-text"
    QUARANTINED = "quarantined"
    QUARANTINE_FULL = "quarantine-full"


ARTICLES: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.CONSENT_MISSING: "GDPR Art. 6(1)(a)",
        Reason.CONSENT_REFUSED: "GDPR Art. 6(1)(a)",
        Reason.CONSENT_WITHDRAWN: "GDPR Art. 7(3)",
        Reason.CONSENT_NOT_YET: "GDPR Art. 6(1)(a)",
        Reason.CONSENT_EXPIRED: "GDPR Art. 7(1)",
        Reason.PURPOSE_UNKNOWN: "GDPR Art. 5(1)(b)",
        Reason.EVENT_UNKNOWN: "GDPR Art. 5(1)(c)",
        Reason.EVENT_INVALID: "GDPR Art. 5(1)(d)",
        Reason.IDENTIFIER_MISSING: "GDPR Art. 11",
        Reason.IDENTIFIER_INVALID: "GDPR Art. 5(1)(d)",
        Reason.IDENTIFIER_NOBODY: "GDPR Art. 5(1)(d)",
        Reason.RETENTION_EXPIRED: "GDPR Art. 5(1)(e)",
        Reason.TIME_INVALID: "GDPR Art. 5(1)(d)",
        Reason.CLOCK_FUTURE: "GDPR Art. 5(1)(d)",
        Reason.CHILD: "GDPR Art. 8",
        Reason.SPECIAL_CATEGORY: "GDPR Art. 9",
        Reason.RESTRICTED: "GDPR Art. 18",
        Reason.OBJECTED: "GDPR Art. 21",
        Reason.SUPPRESSED: "GDPR Art. 17",
        Reason.TOO_LARGE: "GDPR Art. 32",
        Reason.TYPE_UNKNOWN: "GDPR Art. 5(1)(c)",
        Reason.BATCH_TOO_LONG: "GDPR Art. 32",
        Reason.SOCIAL_SECURITY_NUMBER: "GDPR Art. 87",
        Reason.UNREADABLE_TEXT: "GDPR Art. 25",
        Reason.QUARANTINED: "GDPR Art. 25",
        Reason.QUARANTINE_FULL: "GDPR Art. 32",
    }
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The rule allows it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The rule refuses it, for *reason*, on the ground of *article*."""

    reason: Reason
    article: str


Decision = Allowed | Refused

ALLOWED: Final = Allowed()


def refused(reason: Reason) -> Refused:
    """Give the refusal for *reason*, with its article."""
    return Refused(reason, ARTICLES[reason])
