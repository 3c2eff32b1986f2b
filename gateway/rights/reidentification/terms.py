"""On which terms is anybody re-identified here?  On none, unless the settings say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.rights.reidentification.purposes import Purpose

OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the installation allows.

    Attributes:
        purposes: those that may be named; none of them means that it is off.
        time_box: from the asking to the last moment of the opening.
        per_operator: how often one operator may ask in 24 hours.
        in_all: how often all of them together may.
    """

    purposes: frozenset[Purpose] = frozenset()
    time_box: timedelta = timedelta(hours=4)
    per_operator: int = 5
    in_all: int = 20


def _purposes(said: str) -> frozenset[Purpose]:
    return (
        frozenset() if said == OFF else frozenset(Purpose(each.strip()) for each in said.split(","))
    )


def _checked(said: str) -> str:
    _purposes(said)
    return said


class ReidentificationSettings(BaseSettings):
    """Whether and on which terms operators may re-identify somebody."""

    model_config = SettingsConfigDict(
        env_prefix="PARAVENT_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    reidentification: Annotated[str, AfterValidator(_checked)] = Field(
        default=OFF,
        description="What operators may re-identify somebody for, with commas between:"
        f" {', '.join(Purpose)}. off: for nothing, the paths answer 404.",
    )
    reidentification_hours: float = Field(
        default=4,
        ge=0.25,
        le=72,
        description="Hours from the asking after which a re-identification can be neither approved"
        " nor opened.",
    )
    reidentification_daily: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Re-identifications that one operator may ask for in 24 hours.",
    )
    reidentification_daily_all: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Re-identifications that all operators together may ask for in 24 hours.",
    )

    @property
    def terms(self) -> Terms:
        """Give the terms."""
        return Terms(
            _purposes(self.reidentification),
            timedelta(hours=self.reidentification_hours),
            self.reidentification_daily,
            self.reidentification_daily_all,
        )
