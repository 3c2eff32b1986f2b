"""What do the paths under ``/v1/rulebooks`` read and answer?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.rulebooks.service import Told
from policies.comparing import Change
from workers.store.in_force import Standing
from workers.store.rulebook_changes import RulebookChange

FileName = Annotated[str, Field(max_length=100, pattern=r"^(segments/)?[a-z][a-z0-9_]*\.ya?ml$")]
State = Literal["proposed", "adopted", "refused"]


class RulebookIn(BaseModel):
    """A whole rulebook, as its files; the examples beside them are not sent."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    files: Mapping[FileName, str] = Field(
        min_length=1, max_length=500, description="Text of each file, by its path in the folder."
    )


class DifferenceOut(BaseModel):
    """One thing that a change of the rulebook does."""

    file: str
    key: str
    effect: str
    loosens: bool = Field(description="More is stored, kept, combined or shown, or less is asked.")
    before: str
    after: str

    @classmethod
    def of(cls, change: Change) -> DifferenceOut:
        """Give *change* in the words of the interface."""
        return cls.model_validate(change._asdict() | {"effect": str(change.effect)})


class ChangeOut(BaseModel):
    """A change of the rulebook, and where it stands; operators by their number."""

    change: int
    state: State
    rulebook: str = Field(description="Hash of the rulebook proposed.")
    replaces: str | None = Field(description="Hash of the one in force then; of the first, none.")
    loosens: bool = Field(description="Whether somebody else has to approve it.")
    proposed_at: datetime
    proposed_by: UUID | None
    decided_at: datetime | None
    decided_by: UUID | None

    @classmethod
    def of(cls, change: RulebookChange) -> ChangeOut:
        """Give *change* in the words of the interface."""
        return cls.model_validate(_stated(change))


class ToldOut(ChangeOut):
    """A change with everything it does for people."""

    differences: list[DifferenceOut]

    @classmethod
    def told(cls, told: Told) -> ToldOut:
        """Give *told* in the words of the interface."""
        differences = [DifferenceOut.of(each) for each in told.differences]
        return cls.model_validate(_stated(told.change) | {"differences": differences})


class RulebooksOut(BaseModel):
    """The rulebook in force, and the changes, newest first."""

    in_force: str | None
    since: datetime | None
    changes: list[ChangeOut]

    @classmethod
    def of(cls, standing: Standing | None, changes: list[RulebookChange]) -> RulebooksOut:
        """Give both in the words of the interface."""
        return cls(
            in_force=None if standing is None else standing.hash,
            since=None if standing is None else standing.since,
            changes=[ChangeOut.of(each) for each in changes],
        )


def _stated(change: RulebookChange) -> dict[str, object]:
    return change._asdict() | {"change": change.id, "state": change.outcome or "proposed"}
