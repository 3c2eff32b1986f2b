"""Which events of a request can be stored at all, before anybody is looked up?

Everything that needs no database is decided here: unknown names, impossible
clocks, retention, spellings of identifiers, and an event's own no.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.ingest.clock import EARLIEST_US, FORWARD_US
from gateway.ingest.decide import ALL, Instants, Signals
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.rules import CompiledRules, EventPlan
from gateway.ingest.wire import CHILD, WireEvent
from policies.decisions import Reason
from policies.vocabulary import EventKind

UNKNOWN_EVENT = "(unknown)"
_NAMELESS = frozenset({EventKind.IDENTIFY, EventKind.ALIAS})


@dataclass(frozen=True, slots=True)
class Intake:
    """What preparing needs besides the event: the source it came from and the instant."""

    rules: CompiledRules
    source: int
    now_us: int


def prepare(intake: Intake, events: Iterable[WireEvent], tally: Tally) -> list[Draft]:
    """Give a draft for every event that still has a chance; count the others."""
    drafts = []
    for event in events:
        draft = _draft(intake, event)
        if draft.outcome is None:
            drafts.append(draft)
        else:
            tally.outcome(intake.source, draft.name, draft.outcome)
    return drafts


def _draft(intake: Intake, event: WireEvent) -> Draft:
    rules = intake.rules
    plan = rules.plan(event.kind, event.name)
    signals = _signals(rules, event, intake.now_us)
    draft = Draft(
        source=intake.source,
        event=event,
        plan=plan,
        name=_countable(plan, event),
        signals=signals,
        when=Instants(event.at_us, intake.now_us),
        message=event.message_id or "",
        wanted=0,
        child=CHILD in event.said,
    )
    draft.outcome = _outcome(rules, draft)
    if draft.outcome is None and event.message_id is None:
        draft.message = secrets.token_hex(16)  # its like is never sent again
    return draft


def _signals(rules: CompiledRules, event: WireEvent, now_us: int) -> Signals:
    heard = rules.signals.heard(event.categories, event.said, now_us)
    if event.assertion is None:
        return heard
    # What a change of the rulebook took away meanwhile is not asserted any more.
    known = (key for key in event.assertion.purposes if key in rules.numbers)
    asserted = Signals(ALL, granted=rules.mask(known) & ~rules.parental, withdrawn=0)
    return asserted.beside(heard)


def _countable(plan: EventPlan | None, event: WireEvent) -> str:
    """Name the event for counters: only by names that are ours."""
    if plan is not None:
        return plan.rule.name
    return f"({event.kind})" if event.kind in _NAMELESS else UNKNOWN_EVENT


def _outcome(rules: CompiledRules, draft: Draft) -> Reason | None:
    """Refuse what needs no look-up; set ``wanted`` on what goes on."""
    at_us, now_us = _dated(draft)
    if at_us < EARLIEST_US:
        return Reason.TIME_INVALID
    if at_us > now_us + FORWARD_US:
        return Reason.CLOCK_FUTURE
    if draft.plan is None:
        speaks = draft.event.kind in _NAMELESS or draft.event.explicit_act
        return None if speaks else Reason.EVENT_UNKNOWN
    return _purposes(rules, draft, draft.plan)


def _dated(draft: Draft) -> Instants:
    """Give the instants of *draft*; a person's no counts from now where their clock is absurd.

    What the same act said yes to does not count then: nobody knows when it was said.
    """
    at_us, now_us = draft.when
    absurd = not EARLIEST_US <= at_us <= now_us + FORWARD_US
    if absurd and draft.event.explicit_act and draft.signals.withdrawn:
        draft.when = Instants(now_us, now_us)
        draft.signals = draft.signals._replace(granted=0)
    return draft.when


def _purposes(rules: CompiledRules, draft: Draft, plan: EventPlan) -> Reason | None:
    """Find the purposes the event could serve, by declaration, age and its own signals."""
    if not plan.purposes:
        return Reason.PURPOSE_UNKNOWN
    kept = plan.purposes & rules.retained(*draft.when)
    if not kept:
        return Reason.RETENTION_EXPIRED
    signals = draft.signals
    kept &= ~signals.spoken | signals.granted | (rules.free & ~signals.withdrawn)
    draft.wanted = kept
    # An event that grants nothing still has something to say when it takes something back.
    if not kept and not signals.withdrawn and not draft.event.explicit_act:
        return Reason.CONSENT_REFUSED
    return None
