"""What does the consent interface read and answer?"""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from gateway.identifier_schema import IdentifierIn
from policies.vocabulary import Scope
from pseudonymizer.reach import reach
from workers.store.notices import BannerSaid

EARLIEST_YEAR = 2000  # no platform has asked for consent before; other dates are mistakes


def _written(said: object) -> object:
    if said is not None and not isinstance(said, str):
        raise ValueError("an instant is written out, in RFC 3339")
    return said


def _plausible(at: datetime) -> datetime:
    if at.year < EARLIEST_YEAR:
        raise ValueError("the instant is before anybody could choose")
    return at


Instant = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_plausible)]
Status = Literal["given", "refused", "withdrawn"]
PurposeKey = str


class ConsentIn(BaseModel):
    """A person's choice, purpose by purpose."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    identifier: IdentifierIn
    purposes: dict[PurposeKey, Status] = Field(min_length=1, max_length=31)
    at: Instant | None = Field(
        default=None,
        description="When the person chose, from the year 2000 on; unset, or in the future, means"
        " now.",
    )
    scope: Scope | None = Field(
        default=None,
        description="Follows from the identifier: `account` for one that names a person, `device`"
        " for a browser's or a device's; one that contradicts it is refused.",
    )
    notice: str | None = Field(
        default=None, max_length=80, pattern=r"^[\w./:-]+$", description="Key of the notice shown."
    )
    evidence: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[\w./: #-]+$",
        description="Where the choice can be found again; names nobody.",
    )

    @model_validator(mode="after")
    def _reaches(self) -> Self:
        if self.scope not in {None, reach(self.identifier.kind)}:
            raise ValueError(
                "an account's choice is made under what names a person, a device's under its own"
                " number; the scope contradicts the kind of the identifier"
            )
        return self


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, in hex.")]


class BannerIn(BaseModel):
    """A version of a banner, by the hashes of its code and of what it looks like."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    notice: str = Field(max_length=80, pattern=r"^\w+$", description="Key of the notice it shows.")
    version: str = Field(max_length=80, pattern=r"^[\w.:-]+$", description="Of the banner's code.")
    platform: str = Field(
        max_length=80,
        pattern=r"^[\w./: -]+$",
        description="The consent platform and its version; yours may be called anything.",
    )
    code_sha256: Sha256
    screenshots: list[Sha256] = Field(default=[], max_length=7)

    def said(self) -> BannerSaid:
        """Give it as the registry takes it."""
        return BannerSaid(
            self.notice, self.version, self.platform, self.code_sha256, self.screenshots
        )


class ConsentOut(BaseModel):
    """The acknowledgement: the same whoever the person is, known or not."""

    receipt_id: UUID
    acknowledged: dict[PurposeKey, Status]
    received_at: datetime
