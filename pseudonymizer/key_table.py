"""What became of each version of a key, where a service keeps every version as an object?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pseudonymizer.key_port import Use

__all__ = ["State", "Table", "Version"]

State = Literal["live", "withheld", "ending", "destroyed"]
"""``withheld``: nobody may compute with it, and its end was not asked for.  ``ending``: its end
was asked for and its material is there."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version, as the service has it.

    Attributes:
        state: whether it may be computed with.
        made_at: when it was made; empty where nobody knows.
        identity: what the service calls it itself; no two keys ever have the same.
        public: the public half of a signer.
    """

    state: State
    made_at: str = ""
    identity: str = ""
    public: bytes = b""


@dataclass(frozen=True, slots=True)
class Table:
    """Every version of one key that the service lists; one that it does not is gone for good."""

    versions: Mapping[int, Version]

    @property
    def latest(self) -> int:
        """The version that makes new values."""
        return max(self.versions)

    @property
    def live(self) -> tuple[int, ...]:
        """The versions that may be computed with, oldest first."""
        return tuple(n for n, one in sorted(self.versions.items()) if one.state == "live")

    @property
    def withheld(self) -> tuple[int, ...]:
        """The versions that nobody may compute with, though nobody asked for their end."""
        return tuple(n for n, one in sorted(self.versions.items()) if one.state == "withheld")

    @property
    def identities(self) -> Mapping[int, str]:
        """What the service calls each version itself."""
        return {n: one.identity for n, one in self.versions.items() if one.identity}

    def state(self, number: int) -> State:
        """Say what became of a version."""
        found = self.versions.get(number)
        return "destroyed" if found is None else found.state

    def attested(self, use: Use) -> dict[str, object]:
        """Give the key as ``attest`` shows it."""
        versions = {
            str(number): {
                "made_at": self.versions[number].made_at if number in self.versions else "",
                "destroyed": self.state(number) == "destroyed",
            }
            for number in range(1, self.latest + 1)
        }
        return {"use": use, "primary": self.latest, "versions": versions}
