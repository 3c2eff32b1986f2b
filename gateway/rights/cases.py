"""Which states does a data-subject request go through, and which steps does its work have?

Pure: no clock, no database.  A case is received, verified once the identity check is attested,
running while its steps are done, and closed; or refused with a reason.  The step recorded in a
case is the last one that is durably done, so a run that died continues with the next.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.rights.errors import CaseStepImpossible


class CaseType(StrEnum):
    """Which right is exercised."""

    ACCESS = "access"
    ERASURE = "erasure"
    VARIANTS = "variants"  # which other addresses may be the person's: before an erasure
    UNLINK = "unlink"  # two who were said to be one person are not (Article 16)


class CaseState(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    VERIFIED = "verified"
    RUNNING = "running"
    CLOSED = "closed"
    REFUSED = "refused"


class CaseReason(StrEnum):
    """Why a case ended as it did, or why it waits; ``None`` in a case means as asked."""

    NOT_IDENTIFIABLE = "not_identifiable"
    IDENTITY_NOT_VERIFIED = "identity_not_verified"
    IDENTIFIER_INVALID = "identifier_invalid"
    RESIDUE_FOUND = "residue_found"
    NOT_LINKED = "not_linked"
    LINKED_THROUGH_OTHERS = "linked_through_others"


class Step(StrEnum):
    """One durable step of a case's work."""

    OPENED = "opened"
    VAULT_FENCED = "vault-fenced"
    STORE_ERASED = "store-erased"
    KEYS_DESTROYED = "keys-destroyed"
    RECIPIENTS_TOLD = "recipients-told"
    SCANNED = "scanned"
    COMPLETED = "completed"
    RECEIPT_SIGNED = "receipt-signed"
    ASSEMBLED = "assembled"
    VARIANTS_LISTED = "variants-listed"
    NO_COPIED = "no-copied"
    UNLINKED = "unlinked"


TRANSITIONS: Final = MappingProxyType(
    {
        CaseState.RECEIVED: frozenset({CaseState.VERIFIED, CaseState.REFUSED}),
        CaseState.VERIFIED: frozenset({CaseState.RUNNING, CaseState.REFUSED}),
        CaseState.RUNNING: frozenset({CaseState.CLOSED}),
        CaseState.CLOSED: frozenset[CaseState](),
        CaseState.REFUSED: frozenset[CaseState](),
    }
)

# The order is the promise: a tombstone before any deletion, the keys after the rows they name,
# the scan after everything it must not find, the receipt last.
STEPS: Final = MappingProxyType(
    {
        CaseType.ACCESS: (Step.OPENED, Step.ASSEMBLED),
        CaseType.VARIANTS: (Step.OPENED, Step.VARIANTS_LISTED),
        CaseType.UNLINK: (Step.OPENED, Step.NO_COPIED, Step.UNLINKED),
        CaseType.ERASURE: (
            Step.OPENED,
            Step.VAULT_FENCED,
            Step.STORE_ERASED,
            Step.KEYS_DESTROYED,
            Step.RECIPIENTS_TOLD,
            Step.SCANNED,
            Step.COMPLETED,
            Step.RECEIPT_SIGNED,
        ),
    }
)

UNFINISHED: Final = frozenset({CaseState.RECEIVED, CaseState.VERIFIED, CaseState.RUNNING})

# What a person must be told with every refusal (R-11, Article 12(4)).
REMEDIES: Final = (
    "You may complain to the supervisory authority (in France the CNIL, https://www.cnil.fr).",
    "You may seek a judicial remedy.",
)

EXPLANATIONS: Final = MappingProxyType(
    {
        CaseReason.NOT_IDENTIFIABLE: (
            "Nothing held can be attributed to the identifier given alone (Article 11(2)); "
            "others, such as a customer number, an e-mail address, a cookie or a device "
            "identifier, may be sent in a new request."
        ),
        CaseReason.IDENTITY_NOT_VERIFIED: (
            "The operator could not confirm that the requester is the data subject "
            "(Article 12(6)); further information may be provided in a new request."
        ),
        CaseReason.IDENTIFIER_INVALID: (
            "The identifier does not have the form its kind requires, so nothing can be held "
            "under it; correct it and send a new request."
        ),
        CaseReason.RESIDUE_FOUND: (
            "The scan after deletion still found something; the case stays open and is run again."
        ),
        CaseReason.NOT_LINKED: ("The two identifiers are not linked; nothing was changed."),
        CaseReason.LINKED_THROUGH_OTHERS: (
            "No link joins the two directly: each is linked with a third. Name one of them and the "
            "third in a new request; nothing was changed."
        ),
    }
)


def advance(state: CaseState, to: CaseState) -> CaseState:
    """Give *to* when a case may go there from *state*.

    Raises:
        CaseStepImpossible: it may not.
    """
    if to not in TRANSITIONS[state]:
        raise CaseStepImpossible(f"a case that is {state} never becomes {to}; nothing was changed")
    return to


def steps_after(kind: CaseType, done: Step | None) -> tuple[Step, ...]:
    """Give the steps still to do, in order; ``None`` done means all of them.

    Raises:
        CaseStepImpossible: the recorded step is not one of this right's steps.
    """
    steps = STEPS[kind]
    if done is None:
        return steps
    if done not in steps:
        raise CaseStepImpossible(f"a case of {kind} has no step {done}; the record was altered")
    return steps[steps.index(done) + 1 :]
