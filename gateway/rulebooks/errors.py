"""What can be wrong with a change of the rulebook."""

from __future__ import annotations

from policies.errors import ParaventError


class RulebookUnchanged(ParaventError):
    """The rulebook proposed is the one in force."""

    code = "rulebook-unchanged"
    remedy = "Propose one that says something else; comments and blanks do not count."


class RulebookFaulty(ParaventError):
    """The rulebook can be obeyed, and holds what should not be so."""

    code = "rulebook-faulty"
    remedy = "Run `paravent policy check --policies FOLDER` and mend what it calls an error."


class ChangeUnknown(ParaventError):
    """No change of the rulebook has this number."""

    code = "change-unknown"
    remedy = "List the changes with GET /v1/rulebooks or `paravent policy changes`."


class ChangeDecided(ParaventError):
    """The change was adopted or refused before."""

    code = "change-decided"
    remedy = "Propose the rulebook again if it should come into force."


class ChangeOutdated(ParaventError):
    """Another rulebook came into force since the change was proposed."""

    code = "change-outdated"
    remedy = "Propose it again: what it changes has to be judged against the one in force now."


class SameApprover(ParaventError):
    """Whoever proposed a loosening wants to approve it."""

    code = "approver-same"
    remedy = "Ask another operator with the role dpo to approve it."


class RulebookBusy(ParaventError):
    """The rulebook could not be put in force: somebody writes by the one before without a pause."""

    code = "rulebook-busy"
    remedy = "Approve it again in a moment; nothing was changed."
