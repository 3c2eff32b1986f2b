"""Consent records of another system, read before the events they are to cover.

A CSV with the header ``kind,value,purpose,status,at`` and, if there is one,
``evidence``: one line a person and purpose.  They are recorded as asserted:
somebody told us, we did not see the person choose, so nothing that was
refused or withdrawn here is reopened by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.consent.service import Choice, ConsentService
from gateway.importing.errors import StatementMissing
from gateway.importing.files import rows
from gateway.ingest.clock import instant_us
from policies.errors import ParaventError
from policies.vocabulary import ConsentMethod, ConsentStatus

REQUIRED = ("kind", "value", "purpose", "status", "at")
STATUSES = ", ".join(ConsentStatus)
MAX_EVIDENCE = 200


def record(
    service: ConsentService, path: Path, *, source: int, progress: Callable[[int], None]
) -> int:
    """Record every line of *path*; give their number.

    Raises:
        StatementMissing: a line cannot be read; it names the line, not what is in it.  Lines
            before it are recorded, and recording them again changes nothing.
    """
    done = 0
    for number, choice in enumerate(_choices(path, source), start=2):
        try:
            service.record(choice)
        except ParaventError as error:
            raise StatementMissing(f"Line {number} of the consent file: {error}") from None
        done += 1
        progress(done)
    return done


def _choices(path: Path, source: int) -> Iterator[Choice]:
    for number, row in enumerate(rows(path), start=2):
        line = f"Line {number} of the consent file"
        if row is None or not all(row.get(name) for name in REQUIRED):
            raise StatementMissing(f"{line} is not kind,value,purpose,status,at.")
        at_us = instant_us(row["at"])
        if at_us is None:
            raise StatementMissing(f"{line} has an `at` that is no instant of ISO 8601.")
        if row["status"] not in set(ConsentStatus):
            raise StatementMissing(f"{line} has none of these as its status: {STATUSES}.")
        yield Choice(
            kind=row["kind"],
            value=row["value"],
            purposes={row["purpose"]: ConsentStatus(row["status"])},
            at_us=at_us,
            evidence=(row.get("evidence") or path.name)[:MAX_EVIDENCE],
            source=source,
            method=ConsentMethod.ASSERTED,
        )
