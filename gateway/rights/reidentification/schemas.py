"""What do the paths under ``/v1/reidentifications`` read and answer?

The pseudonym is a ``SecretStr`` from the first parse: it is in no ``repr``, no log line and no
validation error, and no answer repeats it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema

from gateway.rights.reidentification.purposes import Purpose
from gateway.rights.reidentification.register import ReidentificationRow
from gateway.rights.reidentification.service import Wanted
from pseudonymizer.vault.reveal import HeldIdentifier

PID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
# A project and a number, too short for a telephone; nothing that could hold a name and a reason.
TICKET: Final = r"[A-Z][A-Z0-9]{1,9}-[0-9]{1,7}"
DOMAIN: Final = r"[a-z][a-z0-9_]{0,39}"


def pid_of(said: str) -> bytes:
    """Give the bytes of a pseudonym that was written as text.

    Raises:
        ValueError: it is none; the message does not repeat it.
    """
    if not re.fullmatch(PID, said):
        raise ValueError("a pseudonym is a UUID of version 8 in small letters")
    return uuid.UUID(said).bytes


def _pseudonym(given: SecretStr) -> SecretStr:
    pid_of(given.get_secret_value())
    return given


class ReidentificationIn(BaseModel):
    """Whose a pseudonym is, what for, and where the reason is written down."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    pseudonym: Annotated[
        SecretStr,
        AfterValidator(_pseudonym),
        WithJsonSchema({"type": "string", "pattern": f"^{PID}$", "writeOnly": True}),
    ]
    domain: Annotated[str, Field(pattern=f"^{DOMAIN}$")]
    purpose: Purpose
    ticket: Annotated[
        str, Field(pattern=f"^{TICKET}$", description="Where the reason is on file, as CASE-17.")
    ]

    def wanted(self) -> Wanted:
        """Give it as the service takes it."""
        pid = pid_of(self.pseudonym.get_secret_value())
        return Wanted(pid, self.domain, self.purpose, self.ticket)


class ReidentificationOut(BaseModel):
    """Where a re-identification stands: the same members, whoever is asked about."""

    id: uuid.UUID
    state: str
    domain: str
    purpose: str
    ticket: str
    asked_by: uuid.UUID
    asked_role: str
    asked_at: datetime
    ends_at: datetime
    decided_by: uuid.UUID | None
    decided_at: datetime | None
    opened_at: datetime | None

    @classmethod
    def of(cls, row: ReidentificationRow) -> Self:
        """Give the public view, which says nothing of whom it leads to."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class ReidentificationsOut(BaseModel):
    """The register, newest first."""

    reidentifications: list[ReidentificationOut]


class RevealedOut(BaseModel):
    """One identifier that is kept; ``value`` is ``null`` where only its keyed index is."""

    kind: str
    value: str | None
    first_seen_on: date


class OpenedOut(BaseModel):
    """What an opening shows: empty for somebody unknown, erased, or whom it may not show."""

    reidentification: ReidentificationOut
    identifiers: list[RevealedOut]

    @classmethod
    def of(cls, row: ReidentificationRow, known: Iterable[HeldIdentifier]) -> Self:
        """Give what is shown."""
        return cls(
            reidentification=ReidentificationOut.of(row), identifiers=[_shown(one) for one in known]
        )


def _shown(one: HeldIdentifier) -> RevealedOut:
    value: Any = None if one.identifier is None else one.identifier.reveal()
    return RevealedOut(kind=one.kind, value=value, first_seen_on=one.first_seen_on)
