"""How is it known that the requester is the data subject?

The operator attests that a check was made: by which method, with which outcome.  The proof itself
(a copy of a card, a code, a letter) is never sent here and there is no field for it (R-11).
"""

from dataclasses import dataclass
from enum import StrEnum


class CheckMethod(StrEnum):
    """How the operator convinced themselves."""

    ACCOUNT_LOGIN = "account_login"
    EMAIL_CONFIRMATION = "email_confirmation"
    PHONE_CONFIRMATION = "phone_confirmation"
    IN_PERSON = "in_person"
    DOCUMENT_SEEN = "document_seen"
    # The operator opened the case without saying how they checked, and answers for it: their name
    # is in the case and in the log.
    OPERATOR_ANSWERS = "operator_answers"
    ADDITIONAL_INFORMATION = "additional_information"  # Article 11(2): a cookie, a device


class CheckOutcome(StrEnum):
    """What the check showed."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """An operator's attestation of an identity check."""

    method: CheckMethod
    outcome: CheckOutcome

    @property
    def confirmed(self) -> bool:
        """Say whether the requester is the data subject."""
        return self.outcome is CheckOutcome.CONFIRMED

    def __str__(self) -> str:
        return f"{self.method}:{self.outcome}"

    @classmethod
    def parse(cls, text: str) -> "IdentityCheck":
        """Give the attestation written by ``str``."""
        method, _, outcome = text.partition(":")
        return cls(CheckMethod(method), CheckOutcome(outcome))
