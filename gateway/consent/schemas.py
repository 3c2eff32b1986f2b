"""What does the consent interface read and answer?"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.identifier_schema import IdentifierIn
from policies.vocabulary import Scope

Status = Literal["given", "refused", "withdrawn"]
PurposeKey = str


class ConsentIn(BaseModel):
    """A person's choice, purpose by purpose."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    identifier: IdentifierIn
    purposes: dict[PurposeKey, Status] = Field(min_length=1, max_length=31)
    at: AwareDatetime | None = Field(
        default=None, description="When the person chose; unset means now."
    )
    scope: Scope = Scope.DEVICE
    notice: str | None = Field(
        default=None, max_length=80, pattern=r"^[\w./:-]+$", description="Key of the notice shown."
    )
    evidence: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[\w./: #-]+$",
        description="Where the choice can be found again; names nobody.",
    )


class ConsentOut(BaseModel):
    """The acknowledgement: the same whoever the person is, known or not."""

    receipt_id: UUID
    acknowledged: dict[PurposeKey, Status]
    received_at: datetime
