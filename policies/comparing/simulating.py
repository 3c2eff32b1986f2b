"""What would a rulebook have done with the events that came?  Told from their counts alone.

No event is kept for this: what was refused is nowhere, so of it only a bound can be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from policies.decisions import Reason
from policies.ruleset import EventRule, RuleSet
from policies.vocabulary import LegalBasis

STORED: Final = "stored"
UNKNOWN: Final = "(unknown)"  # under this the events are counted whose name nobody declared
ASKED_FOR: Final = (
    Reason.CONSENT_MISSING,
    Reason.CONSENT_REFUSED,
    Reason.CONSENT_WITHDRAWN,
    Reason.CONSENT_NOT_YET,
    Reason.CONSENT_EXPIRED,
)

Counts = Mapping[tuple[str, str], int]
"""How many events of a name met an outcome."""


class Fate(StrEnum):
    """What would become otherwise of events."""

    REFUSED = "refused"
    NARROWED = "stored for less"
    WIDENED = "stored for more"
    ADMITTED = "stored, if consented to"


class Simulated(NamedTuple):
    """How many events of a name would have fared otherwise; *exact*, or at most so many."""

    event: str
    fate: Fate
    events: int
    exact: bool
    because: str


def simulate(old: RuleSet, new: RuleSet, counts: Counts) -> list[Simulated]:
    """Give what *new* would have done otherwise than *old* with the events of *counts*."""
    found = [
        each
        for name, rule in old.events.items()
        for each in _known(old, new, rule, _of(counts, name))
    ]
    added = [rule for name, rule in new.events.items() if _same(old, rule) is None]
    unknown = counts.get((UNKNOWN, Reason.EVENT_UNKNOWN), 0)
    if added and unknown:
        names = ", ".join(rule.name for rule in added)
        because = f"declared now: {names}; the events nobody declared are counted together"
        found.append(Simulated(UNKNOWN, Fate.ADMITTED, unknown, False, because))
    return [each for each in found if each.events]


def _of(counts: Counts, event: str) -> dict[str, int]:
    return {outcome: count for (name, outcome), count in counts.items() if name == event}


def _known(
    old: RuleSet, new: RuleSet, rule: EventRule, counts: Mapping[str, int]
) -> Iterator[Simulated]:
    """Say what becomes of the events of one rule."""
    stored = counts.get(STORED, 0)
    now = _same(new, rule)
    if now is None:
        yield Simulated(rule.name, Fate.REFUSED, stored, True, "no longer declared")
        return
    lost = [key for key in rule.purposes if key not in now.purposes]
    gained = [key for key in now.purposes if key not in rule.purposes]
    if lost and len(lost) == len(rule.purposes):
        because = f"no longer for {', '.join(lost)}"
        yield Simulated(rule.name, Fate.REFUSED, stored, not gained, because)
    elif lost:
        because = f"no longer for {', '.join(lost)}; those stored for nothing else are refused"
        yield Simulated(rule.name, Fate.NARROWED, stored, False, because)
    if gained:
        because = f"also for {', '.join(gained)}"
        yield Simulated(rule.name, Fate.WIDENED, stored, False, because)
    yield from _asked(old, new, (rule, now), counts)


def _asked(
    old: RuleSet, new: RuleSet, rules: tuple[EventRule, EventRule], counts: Mapping[str, int]
) -> Iterator[Simulated]:
    """Say what a purpose does that now needs consent, or none any more."""
    before, after = rules
    unasked = {key for key in after.purposes if not _asks(new, key)}
    was = {key for key in before.purposes if not _asks(old, key)}
    if unasked - was:
        refused = sum(counts.get(reason, 0) for reason in ASKED_FOR)
        because = f"{', '.join(sorted(unasked - was))} asks for no consent"
        yield Simulated(before.name, Fate.ADMITTED, refused, False, because)
    asking = sorted(key for key in was - unasked if key in after.purposes)
    if asking:
        because = f"{', '.join(asking)} asks for consent now"
        yield Simulated(before.name, Fate.REFUSED, counts.get(STORED, 0), False, because)


def _asks(rules: RuleSet, purpose: str) -> bool:
    return rules.purposes[purpose].legal_basis is LegalBasis.CONSENT


def _same(rules: RuleSet, rule: EventRule) -> EventRule | None:
    """Give the rule that events of *rule* would meet: by one of its names, in their order."""
    found = (rules.event_named(name, rule.kind) for name in (rule.name, *rule.aliases))
    return next((each for each in found if each is not None), None)
