"""May a TC string be believed today, by one vendor?

What is checked here is what the framework's policies ask of a string beside its structure; each
rule stands with where it comes from in ``docs/tcf.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.consent.tcf.flaws import Flaw, TcInvalid
from gateway.consent.tcf.parts import TcString

DAY: Final = 864_000  # tenths of a second
MONTHS_13: Final = 393 * DAY  # they are 393 to 397 days; the fewest never overstay
CLOCKS_APART: Final = 3_000  # five minutes
LEAST_POLICY: Final = 4  # older ones are invalid since 30 September 2023
WITHOUT_LEGITIMATE_INTEREST: Final = frozenset({3, 4, 5, 6})  # since TCF 2.2
# From here on the segment of the vendors that were disclosed is mandatory (TCF 2.3).
DISCLOSURE_SINCE: Final = int(datetime(2026, 2, 28, tzinfo=UTC).timestamp()) * 10


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a string is believed.

    Attributes:
        now: tenths of a second since 1970.
        vendor: whose string it is to be; ``None`` for no vendor in particular.
        least_policy: the lowest policy version accepted.
        oldest: tenths of a second a choice counts, at most thirteen months.
        notice_since: when today's notice was first shown; an older choice was about another.
    """

    now: int
    vendor: int | None = None
    least_policy: int = LEAST_POLICY
    oldest: int = MONTHS_13
    notice_since: int = 0


def believed(tc: TcString, terms: Terms) -> None:
    """Accept *tc* on *terms*.

    Raises:
        TcInvalid: it grants nothing.
    """
    flaw = _dated(tc, terms) or _made(tc, terms) or _disclosed(tc, terms)
    if flaw is not None:
        raise TcInvalid(flaw)


def _dated(tc: TcString, terms: Terms) -> Flaw | None:
    if tc.created != tc.updated:
        return Flaw.DATES_DIFFER
    if tc.created > terms.now + CLOCKS_APART:
        return Flaw.FROM_THE_FUTURE
    if tc.created < terms.now - min(terms.oldest, MONTHS_13):
        return Flaw.EXPIRED
    return Flaw.BEFORE_NOTICE if tc.created < terms.notice_since else None


def _made(tc: TcString, terms: Terms) -> Flaw | None:
    if tc.policy < max(terms.least_policy, LEAST_POLICY):
        return Flaw.POLICY_VERSION
    if not tc.service_specific:
        return Flaw.NOT_SERVICE_SPECIFIC
    claimed = tc.legitimate_interests & WITHOUT_LEGITIMATE_INTEREST
    return Flaw.LEGITIMATE_INTEREST if claimed else None


def _disclosed(tc: TcString, terms: Terms) -> Flaw | None:
    if tc.disclosed is None:
        return Flaw.NOT_DISCLOSED if tc.created >= DISCLOSURE_SINCE else None
    unseen = terms.vendor is not None and terms.vendor not in tc.disclosed
    return Flaw.NOT_DISCLOSED if unseen else None
