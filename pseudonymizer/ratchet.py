"""When is the key that wraps everybody's keys replaced, and when does an old one end (R-52)?

Deleting a wrapped key proves nothing while a backup holds a copy of it and the version that wraps
the copy lives.  So ``kek`` gets a new version every so often, and an old one is destroyed once it
has been out of use for a window: as long as a backup of the vault has to be good for.  From then on
what was erased opens from no backup, and no older backup opens at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from pseudonymizer.errors import KeyUnknown
from pseudonymizer.key_port import KeyProvider

__all__ = ["KEK", "Schedule", "ended", "superseded"]

KEK: Final = "kek"
SLACK: Final = timedelta(days=1)  # how late the schedule may be, before anybody has to be told


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a version is made, and how long it lives after its use.

    Attributes:
        every: the time a version is in use; never zero.
        window: from the end of its use to its destruction.
        copies: how long copies of the keys outlive them: backups of a key file, or the time for
            which a key service can take a destruction back (R-53).
    """

    every: timedelta
    window: timedelta
    copies: timedelta

    def bound(self, at: datetime) -> date:
        """Give the day by which nothing that was destroyed at *at* opens from a backup."""
        return (at + self.every + self.window + self.copies + SLACK).date()

    def due(self, since: datetime, now: datetime) -> bool:
        """Say whether the version in use since *since* has been so for long enough."""
        return now - since >= self.every

    def overdue(self, since: datetime, old: Mapping[int, datetime], now: datetime) -> timedelta:
        """Give for how long something has been due, of a new version and the end of *old* ones."""
        lateness = [now - since - self.every]
        lateness += [now - at - self.window for at in old.values()]
        return max(timedelta(0), *lateness)


def superseded(provider: KeyProvider, in_use: int) -> dict[int, datetime]:
    """Give the versions of ``kek`` that are out of use and live, and when their use ended.

    It ended when the next version was made; a rotation stopped between making a version and using
    it is taken up again within the hour, so that may be an hour early.

    Raises:
        KeyUnknown: the vault uses one that the provider has not: a copy of the keys, or of another
            vault.
    """
    attested: Any = provider.attest()
    made = {int(n): one for n, one in attested["keys"][KEK]["versions"].items()}
    if in_use not in made:
        raise KeyUnknown("the vault uses a version of kek that the provider has not")
    live = [number for number, one in made.items() if number < in_use and not one["destroyed"]]
    # A service forgets when it made a version that has been gone for long.
    dated = [number for number, one in made.items() if one["made_at"]]
    return {
        number: datetime.fromisoformat(made[min(n for n in dated if n > number)]["made_at"])
        for number in live
    }


def ended(old: Mapping[int, datetime], schedule: Schedule, now: datetime) -> list[int]:
    """Give those of *old* whose window is over, oldest first."""
    return sorted(number for number, at in old.items() if now - at >= schedule.window)
