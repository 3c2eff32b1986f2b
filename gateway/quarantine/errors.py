"""What can be wrong when somebody asks for what is in quarantine; nothing repeats a value."""

from __future__ import annotations

from policies.errors import ParaventError


class QuarantineUnknown(ParaventError):
    """Nothing of this number is in quarantine: never, not any more, or its person was erased."""

    code = "quarantine-unknown"
    remedy = "`paravent quarantine list` gives the numbers there are."


class QuarantineExpired(ParaventError):
    """Its time is over; it is deleted within the hour."""

    code = "quarantine-expired"
    remedy = "Nothing can be done; look sooner, `paravent quarantine list` says until when."


class QuarantineSettled(ParaventError):
    """It was replayed or discarded already, and nothing of it is left."""

    code = "quarantine-settled"
    remedy = "`paravent quarantine list` says which of the two."


class QuarantineRestricted(ParaventError):
    """Its person has had the processing restricted (Article 18)."""

    code = "quarantine-restricted"
    remedy = "Wait until the restriction ends; it is kept until then."


class OfficerKeyWrong(ParaventError):
    """The event was sealed for another key."""

    code = "officer-key-wrong"
    remedy = "Use the private key whose number `paravent quarantine list` shows."


class QuarantineAltered(ParaventError):
    """The row was changed since it was sealed, or its seal comes from elsewhere."""

    code = "quarantine-altered"
    remedy = "Find out who wrote to the store; discard this one."


class FieldUnknown(ParaventError):
    """The event has no such field."""

    code = "field-unknown"
    remedy = "`paravent quarantine open` shows its fields; write the way to one as properties.note."


class FieldNeeded(ParaventError):
    """An event with a social-security number may not be used as it is."""

    code = "field-needed"
    remedy = "Name the field that holds it with --drop, or discard the event."


class TakenInvalid(ParaventError):
    """A file holds no event taken from quarantine, or none that was released."""

    code = "taken-invalid"
    remedy = "Name the file that `paravent quarantine take`, or `read --out`, wrote."
