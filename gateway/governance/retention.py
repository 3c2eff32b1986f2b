"""Is anything kept beyond its period, and what has expiry done so far (R-05, R-130)?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gateway.governance.instants import instant
from workers.store import expiry
from workers.store.computation import Computation
from workers.store.expiry import ANY_PURPOSE, CONSENT, EVENT, QUARANTINE, Oldest, Period, Run


@dataclass(frozen=True, slots=True)
class Kept:
    """One table and the purposes of one period.

    Attributes:
        limit: what is older is past its period.
        oldest: of what is kept of people who are not restricted; ``None`` where there is nothing.
        restricted: events past the period that a restriction keeps (Article 18).
        deleted: by all runs together; ``narrowed``: events that lost the purpose and stay.
    """

    kept: str
    purposes: tuple[str, ...]
    period: timedelta
    limit: datetime
    oldest: datetime | None
    restricted: int
    last: Run | None
    deleted: int
    narrowed: int

    @property
    def overdue(self) -> timedelta:
        """Give how long something has been past its period; what is due is looked for hourly."""
        return max(self.limit - self.oldest, timedelta(0)) if self.oldest else timedelta(0)

    def document(self) -> dict[str, Any]:
        """Give it for JSON."""
        last = self.last
        return {
            "table": self.kept,
            "purposes": list(self.purposes),
            "period_days": self.period // timedelta(days=1),
            "limit": self.limit.isoformat(),
            "oldest": None if self.oldest is None else self.oldest.isoformat(),
            "overdue_seconds": int(self.overdue.total_seconds()),
            "kept_for_restriction": self.restricted,
            "deleted": self.deleted,
            "narrowed": self.narrowed,
            "last_run": None if last is None else {
                "started_at": instant(last.started_us).isoformat(),
                "finished_at": last.finished_us and instant(last.finished_us).isoformat(),
                "deleted": last.deleted,
                "narrowed": last.narrowed,
            },
        }  # fmt: skip


def status(connection: Connection, ctx: Computation, now_us: int) -> list[Kept]:
    """Look at everything that expires; reads the whole table of events once a period."""
    last, whole = expiry.last_runs(connection), expiry.in_all(connection)
    found = []
    for kept, period in expiry.due(ctx, now_us):
        key = (kept, period.purposes)
        deleted, narrowed = whole.get(key, (0, 0))
        oldest = _oldest(connection, kept, period)
        found.append(
            Kept(
                kept=kept,
                purposes=_named(ctx, period),
                period=timedelta(microseconds=now_us - period.before_us),
                limit=instant(period.before_us),
                oldest=None if oldest.at_us is None else instant(oldest.at_us),
                restricted=oldest.restricted,
                last=last.get(key),
                deleted=deleted,
                narrowed=narrowed,
            )
        )
    return found


def _oldest(connection: Connection, kept: str, period: Period) -> Oldest:
    if kept == EVENT:
        return expiry.oldest(connection, period)
    if kept == CONSENT:
        return expiry.oldest_consent(connection)
    if kept == QUARANTINE:
        return expiry.oldest_set_aside(connection, period)
    return expiry.oldest_batch(connection)


def _named(ctx: Computation, period: Period) -> tuple[str, ...]:
    """Give the declared purposes of a period; all of them for a table that has none itself."""
    bits = period.purposes or ANY_PURPOSE
    return tuple(key for key in ctx.rules.purposes if bits >> (ctx.purposes[key] - 1) & 1)
