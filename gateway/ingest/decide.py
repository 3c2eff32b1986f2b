"""May this event be stored, for which purposes, and what does it say about consent?

Pure: purposes are bits (``1 << (number - 1)``), instants are microseconds UTC,
intervals are half open.  Closed by default: no signal and no record is a no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from policies.decisions import Reason
from policies.vocabulary import ConsentStatus

Intervals = Mapping[int, tuple[int, int]]


ALL: Final = -1  # every purpose, as a mask


class Signals(NamedTuple):
    """What one event says about consent, in masks of purposes.

    ``spoken``: those it says anything about.  One of these in neither other mask was left out:
    not granted for this event, and not withdrawn either.
    """

    spoken: int
    granted: int
    withdrawn: int

    def beside(self, other: Signals) -> Signals:
        """Give what both say together: the most restrictive wins, whoever speaks first.

        What one of them speaks about and does not grant is not granted, and a no is a no.
        """
        granted = (self.granted | other.granted) & ~(self.spoken & ~self.granted)
        return Signals(
            self.spoken | other.spoken,
            granted & ~(other.spoken & ~other.granted),
            self.withdrawn | other.withdrawn,
        )


SILENT = Signals(spoken=0, granted=0, withdrawn=0)


class Instants(NamedTuple):
    """The event's own instant and the instant of the decision."""

    at_us: int
    now_us: int


class Act(NamedTuple):
    """How strong a statement about consent is.

    ``explicit``: the person acted (a preference saved, an API call on their
    behalf) and may reopen what they closed.  ``renews``: it may prolong an open
    consent to its own end.
    """

    explicit: bool
    renews: bool


PLAIN = Act(explicit=False, renews=False)
ASSERTED = Act(explicit=False, renews=True)
EXPLICIT = Act(explicit=True, renews=True)


def yes(
    interval: tuple[int, int] | None, at_us: int, until_us: int, act: Act
) -> ConsentStatus | None:
    """Say whether a *granted* at *at_us* is news for the ledger.

    A plain signal, which a page repeats with every event, only opens what was
    never closed: after a withdrawal a forgotten browser would otherwise grant
    again what its owner took back elsewhere.
    """
    if interval is None:
        return ConsentStatus.GIVEN
    since_us, end_us = interval
    if since_us == end_us:
        news = act.explicit and at_us > since_us
    else:
        news = at_us < since_us or (act.renews and until_us > end_us)
    return ConsentStatus.GIVEN if news else None


def no(interval: tuple[int, int] | None, at_us: int, act: Act) -> ConsentStatus | None:
    """Say whether a *refused* at *at_us* is news for the ledger."""
    if interval is None:
        return ConsentStatus.REFUSED if act.explicit else None
    since_us, end_us = interval
    if since_us == end_us:
        return ConsentStatus.REFUSED if act.explicit and at_us > since_us else None
    if at_us >= since_us or act.explicit:
        return ConsentStatus.WITHDRAWN
    return None


def covered(intervals: Intervals, at_us: int, now_us: int) -> int:
    """Give the purposes whose consent was in force at *at_us* and is at *now_us*, as bits.

    Both instants count (Article 7(3)): a late event after a withdrawal is
    refused.  Asked for every event and domain, hence the bare comparison;
    ``test_decide`` holds it against ``policies.consent.covers``.
    """
    mask = 0
    for number, (since_us, until_us) in intervals.items():
        if since_us <= at_us < until_us and since_us <= now_us < until_us:
            mask |= 1 << (number - 1)
    return mask


class View(msgspec.Struct, frozen=True, gc=False):
    """Somebody's consent as it looks at one instant: what most of their events ask about.

    Attributes:
        spoken: purposes of which anything is on record, as bits.
        opened_us: when the last of those that are not closed was opened.
        covered: purposes in force at that instant, as bits.
        since_us, until_us: between these, an event has the same purposes covered.
    """

    spoken: int
    opened_us: int
    covered: int
    since_us: int
    until_us: int


NOTHING: Final = View(0, 0, 0, 0, 0)
_NEVER_US: Final = 2**63


def viewed(triplets: Iterable[int], now_us: int) -> View:
    """Look at somebody's intervals once for all the events of a group; a loop for each costs more.

    *triplets* are purpose, since and until, one after the other, as the registry has them.

    ``test_decide`` holds what it gives against ``known_since`` and ``covered``.
    """
    spoken = opened_us = mask = since_us = 0
    until_us = _NEVER_US
    each = iter(triplets)
    for number, begin_us, end_us in zip(each, each, each):  # noqa: B905  # it takes its time to say
        bit = 1 << (number - 1)
        spoken |= bit
        if begin_us == end_us:
            continue
        if begin_us > opened_us:  # noqa: PLR1730  # a call of `max` costs more than the rest
            opened_us = begin_us
        if begin_us <= now_us < end_us:
            mask |= bit
            if begin_us > since_us:  # noqa: PLR1730
                since_us = begin_us
            if end_us < until_us:  # noqa: PLR1730
                until_us = end_us
    return View(spoken, opened_us, mask, since_us, until_us)


def known_since(intervals: Intervals, granted: int) -> int | None:
    """Give the instant from which a plain yes to *granted* says nothing new; ``None`` for never.

    It opens what has no interval, extends one backwards, and reopens nothing that was closed:
    ``test_decide`` holds this against ``yes``.
    """
    since_us, number = 0, 0
    while granted:
        number += 1
        said, granted = granted & 1, granted >> 1
        if not said:
            continue
        interval = intervals.get(number)
        if interval is None:
            return None
        if interval[0] != interval[1]:
            since_us = max(since_us, interval[0])
    return since_us


def refusal(wanted: int, intervals: Intervals, signals: Signals, when: Instants) -> Reason:
    """Say why none of the *wanted* purposes may be served.

    The event's own no comes first, since it is what its sender can look up.
    """
    if signals.spoken and not wanted & ~(signals.spoken & ~signals.granted):
        return Reason.CONSENT_REFUSED
    known = [interval for number, interval in intervals.items() if wanted & (1 << (number - 1))]
    if any(since_us == until_us for since_us, until_us in known):
        return Reason.CONSENT_WITHDRAWN
    if any(until_us <= when.now_us or until_us <= when.at_us for _, until_us in known):
        return Reason.CONSENT_EXPIRED
    if known:
        return Reason.CONSENT_NOT_YET
    return Reason.CONSENT_MISSING
