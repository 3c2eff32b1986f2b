"""What does the segment interface answer?"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.identifier_schema import IdentifierIn


class Labels(BaseModel):
    """One text in the two languages of the rulebook."""

    fr: str
    en: str


class SegmentOut(BaseModel):
    """One segment.  ``size`` is ``null`` below the disclosure floor, and before the first count."""

    key: str
    version: int
    label: Labels
    description: Labels
    purpose: str
    size: int | None
    below_floor: bool
    floor: int
    counted_at: datetime | None


class SegmentsOut(BaseModel):
    """All segments of the rulebook in force."""

    rulebook: str
    segments: list[SegmentOut]


class LookupIn(BaseModel):
    """Whose memberships are asked for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    identifier: IdentifierIn


class MembershipOut(BaseModel):
    """One segment the subject is in, and since when."""

    key: str
    version: int
    since: datetime


class LookupOut(BaseModel):
    """The memberships that consent covers now; empty for somebody we do not know."""

    segments: list[MembershipOut] = Field(default_factory=list)
