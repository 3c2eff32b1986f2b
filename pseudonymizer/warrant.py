"""By what right is a seal opened?"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

__all__ = ["Warrant"]


@dataclass(frozen=True, slots=True)
class Warrant:
    """The right to open the seals of one person, for one request.

    Attributes:
        request: the rights request, which the audit entry names.
        by: who asked: an operator's id, or ``cli``.
        approved_by: who else agreed, where the act needs two (R-106); a person's own access
            report does not.
        purpose: what for, of a closed list, where it is not the person's own request.
        ticket: under which reference that is written down elsewhere.
    """

    request: UUID
    by: str
    approved_by: str | None = None
    purpose: str | None = None
    ticket: str | None = None

    def fields(self) -> dict[str, str]:
        """Give the audit entry's fields."""
        more = {
            "approved_by": self.approved_by,
            "purpose": self.purpose,
            "ticket": self.ticket,
        }
        said = {name: value for name, value in more.items() if value is not None}
        return {"by": self.by, "request": str(self.request), **said}
