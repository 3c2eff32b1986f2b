"""Where an audit entry goes, as the sides that write one see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class AuditSink(Protocol):
    """Appends to the audit log, in the caller's transaction."""

    def append(self, action: str, subject_ref: str | None, fields: Mapping[str, str]) -> int:
        """Append one entry and give its sequence number, the first being 0.

        Args:
            action: ``object:verb``, such as ``identity:reveal``.
            subject_ref: the subject's ``aref``, or ``None`` when the act concerns nobody.
            fields: names and short values; no identifier, no pseudonym, no free text.

        Raises:
            AuditUnavailable: the log cannot be written; the act must not go ahead.
        """
        ...
