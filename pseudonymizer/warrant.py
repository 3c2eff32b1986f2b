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
    """

    request: UUID
    by: str
    approved_by: str | None = None

    def fields(self) -> dict[str, str]:
        """Give the audit entry's fields."""
        approved = {} if self.approved_by is None else {"approved_by": self.approved_by}
        return {"by": self.by, "request": str(self.request), **approved}
