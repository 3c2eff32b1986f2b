"""When something must be gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from policies.ruleset import RuleSet

_MICROSECOND = timedelta(microseconds=1)


def expired(at_us: int, now_us: int, retention: timedelta) -> bool:
    """Say whether what happened at *at_us* has reached the end of its period.

    The last instant of the period no longer counts as inside it.  The period starts at the
    thing's own instant and is never extended by a later visit (R-05).
    """
    return now_us - at_us >= retention // _MICROSECOND


def horizon_us(now_us: int, retention: timedelta) -> int:
    """Give the newest instant that is expired at *now_us*: that, and all before it, must go."""
    return now_us - retention // _MICROSECOND


def period_of(rules: RuleSet, purposes: Iterable[str]) -> timedelta:
    """Give how long a row kept for *purposes* may stay: as long as one of them still needs it.

    No purpose means no period: ``timedelta(0)``, which is expired at once.
    """
    return max((rules.purposes[key].retention for key in purposes), default=timedelta(0))


def live_purposes(
    rules: RuleSet, purposes: Iterable[str], *, at_us: int, now_us: int
) -> tuple[str, ...]:
    """Give those of *purposes* whose period has not ended for something of *at_us*."""
    return tuple(
        key for key in purposes if not expired(at_us, now_us, rules.purposes[key].retention)
    )
