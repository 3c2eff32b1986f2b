"""What can be wrong with a re-identification, each with its code and remedy."""

from __future__ import annotations

from typing import ClassVar

from gateway.rulebooks.errors import SameApprover
from policies.errors import ParaventError


class ReidentificationOff(ParaventError):
    """Nobody is re-identified in this installation."""

    code: ClassVar[str] = "reidentification-off"
    remedy: ClassVar[str] = (
        "Name what it may be for in PARAVENT_REIDENTIFICATION, if the controller has decided so."
    )


class ReidentificationUnknown(ParaventError):
    """No re-identification has this id."""

    code: ClassVar[str] = "reidentification-unknown"
    remedy: ClassVar[str] = "List them with `paravent reidentify list` and use an id from there."


class ReidentificationDecided(ParaventError):
    """It is not in a state from which this can be done: each step is taken once."""

    code: ClassVar[str] = "reidentification-decided"
    remedy: ClassVar[str] = "Read its state; ask anew if the person has to be found once more."


class ReidentificationOver(ParaventError):
    """Its time box has ended."""

    code: ClassVar[str] = "reidentification-over"
    remedy: ClassVar[str] = "Ask anew, and agree with whoever approves before."


class ApprovalMissing(ParaventError):
    """Nobody else has approved it."""

    code: ClassVar[str] = "approval-missing"
    remedy: ClassVar[str] = "Have another operator with the role dpo approve it."


class ApproverAsked(SameApprover):
    """Whoever asked for a re-identification wants to approve it."""

    remedy: ClassVar[str] = "Ask another operator with the role dpo; another token is not enough."


class OpenerOther(ParaventError):
    """Somebody else than who asked wants to open it."""

    code: ClassVar[str] = "opener-other"
    remedy: ClassVar[str] = "Let whoever asked open it, or ask anew."


class ReidentificationPurposeClosed(ParaventError):
    """Nobody is re-identified for this purpose in this installation."""

    code: ClassVar[str] = "purpose-closed"
    remedy: ClassVar[str] = "Name a purpose that PARAVENT_REIDENTIFICATION lists."


class DomainUnknown(ParaventError):
    """No pseudonym was ever made in this domain."""

    code: ClassVar[str] = "domain-unknown"
    remedy: ClassVar[str] = "Name a domain of the rulebook."


class ReidentificationQuota(ParaventError):
    """As many re-identifications were asked for as may be in a day."""

    code: ClassVar[str] = "reidentification-quota"
    remedy: ClassVar[str] = (
        "Wait until the first of them is a day old, or have PARAVENT_REIDENTIFICATION_DAILY raised."
    )
    seconds: ClassVar[int] = 3600  # to wait before another try
