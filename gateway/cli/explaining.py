"""What would become of an event under a rulebook, step by step, each with its article?

The gateway's own code decides, up to where it would ask who the event is about: what is on record
of that person is not known here, so it is said what it would take.  No value of the event is
repeated, and no name of a member that the rulebook does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gateway.ingest.decide import Signals
from gateway.ingest.dialects import segment
from gateway.ingest.drafts import Draft, Tally
from gateway.ingest.minimise import special_in
from gateway.ingest.prepare import Intake, prepare
from gateway.ingest.rules import CompiledRules
from gateway.ingest.wire import Signal
from policies.decisions import ARTICLES, Reason
from policies.errors import ParaventError
from policies.minimisation import surviving
from policies.vocabulary import LegalBasis, Suspicion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.ingest.wire import WireEvent
    from policies.ruleset import RuleSet

_SOURCE = 1
_NAMES = {
    Signal.CATEGORIES: "RudderStack",
    Signal.GOOGLE: "Google's Consent Mode",
    Signal.TCF: "The TC string",
    Signal.GPC: "Global Privacy Control",
    Signal.AGE: "The age band",
}


class EventUnreadable(ParaventError):
    """The file holds no call that could be explained."""

    code = "event-unreadable"
    remedy = 'Write one call as JSON, such as {"type": "track", "userId": …, "event": …}.'


class Step(NamedTuple):
    """One step of the decision."""

    step: str
    says: str
    article: str


def explained(rules: RuleSet, call: bytes, now_us: int) -> list[Step]:
    """Explain *call*, a single call of the Segment dialect that comes at *now_us*.

    Raises:
        EventUnreadable: it is none.
    """
    decoded = segment.decode("batch", b'{"batch":[' + call + b"]}", now_us)
    if not decoded.events:
        reason = next(iter(decoded.refused), None)
        if reason is None:
            raise EventUnreadable("no call stands in the file; one was needed")
        return [_refused("call", Reason(reason))]
    (event,) = decoded.events
    compiled = _compiled(rules)
    tally = Tally()
    drafts = prepare(Intake(compiled, _SOURCE, now_us), [event], tally)
    steps = [*_named(compiled, event), *_signals(compiled, event, now_us)]
    if not drafts:
        (reason,) = (outcome for _, _, outcome in tally.outcomes)
        return [*steps, _refused("decision", Reason(reason))]
    return [*steps, *_served(rules, compiled, drafts[0])]


def read_call(content: bytes) -> bytes:
    """Give *content* if it is one JSON object.

    Raises:
        EventUnreadable: it is not.
    """
    try:
        found = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise EventUnreadable("the file holds no JSON object; one call was needed")
    return content


def _compiled(rules: RuleSet) -> CompiledRules:
    """Compile *rules* under numbers of our own: no store is asked."""
    return CompiledRules(
        ruleset=rules,
        numbers={key: number for number, key in enumerate(rules.purposes, 1)},
        domain_numbers={key: number for number, key in enumerate(rules.domains, 1)},
    )


def _refused(step: str, reason: Reason) -> Step:
    return Step(step, f"It is refused and counted as {reason}.", ARTICLES[reason])


def _named(compiled: CompiledRules, event: WireEvent) -> Iterator[Step]:
    plan = compiled.plan(event.kind, event.name)
    if plan is None:
        yield Step("name", f"No event of the rulebook is a {event.kind} call of this name.",
                   "GDPR Art. 5(1)(c)")  # fmt: skip
        return
    yield Step("name", f"It is the event {plan.rule.name}.", "GDPR Art. 5(1)(c)")
    bases = (
        f"{key} ({compiled.ruleset.purposes[key].legal_basis.replace('_', ' ')})"
        for key in plan.rule.purposes
    )
    yield Step("purposes", f"It may serve {', '.join(bases) or 'nothing'}.", "GDPR Art. 6(1)")


def _signals(compiled: CompiledRules, event: WireEvent, now_us: int) -> Iterator[Step]:
    said: dict[str, Signals] = {}
    if event.categories is not None:
        said["The consent platform"] = compiled.signals.categories(event.categories)
    for each in event.said:
        said[_NAMES[each[0]]] = compiled.signals.heard(None, [each], now_us)
    for name, signals in said.items():
        yield Step("signal", f"{name}: {_of(compiled, signals)}.", "GDPR Art. 7")
    if len(said) > 1:
        signals = compiled.signals.heard(event.categories, event.said, now_us)
        says = f"Together, the most restrictive winning: {_of(compiled, signals)}."
        yield Step("signals", says, "GDPR Art. 7")
    if not said:
        yield Step("signal", "Nothing is said about consent.", "GDPR Art. 7")


def _of(compiled: CompiledRules, signals: Signals) -> str:
    parts = (
        ("yes to", signals.granted),
        ("no to", signals.withdrawn),
        ("left out", signals.spoken & ~signals.granted & ~signals.withdrawn),
    )
    said = [f"{word} {_keys(compiled, mask)}" for word, mask in parts if _keys(compiled, mask)]
    return "; ".join(said) or "nothing about any purpose"


def _keys(compiled: CompiledRules, mask: int) -> str:
    return ", ".join(key for key in compiled.ruleset.purposes if mask & compiled.bit(key))


def _served(rules: RuleSet, compiled: CompiledRules, draft: Draft) -> Iterator[Step]:
    if draft.plan is None or not draft.wanted:
        yield Step("decision", "It is not stored; what it says about consent is put on record.",
                   "GDPR Art. 7(3)")  # fmt: skip
        return
    special = special_in(draft, draft.plan)
    if special is not None:
        label = rules.special_categories[special].label_en
        sealed = Suspicion.SPECIAL_CATEGORY in rules.quarantine.reasons
        then = "Sealed for the officer where consent allows it." if sealed else "Only counted."
        yield Step("special category", f"A member has a word of: {label}. {then}",
                   "GDPR Art. 9")  # fmt: skip
        return
    for key in draft.plan.rule.purposes:
        yield Step("purpose", f"{key}: {_what_it_takes(rules, compiled, draft, key)}.",
                   "GDPR Art. 6(1)")  # fmt: skip
    wanted = [key for key in rules.purposes if draft.wanted & compiled.bit(key)]
    kept = [rule.name for rule in surviving(draft.plan.rule, wanted)]
    yield Step("properties", f"Of its members at most these are kept: {', '.join(kept) or 'none'}.",
               "GDPR Art. 5(1)(c)")  # fmt: skip
    domains = [key for _, key, mask in draft.plan.domains if mask & draft.wanted]
    yield Step("domains", f"One row each, under a pseudonym of its own, in {', '.join(domains)}.",
               "GDPR Art. 25")  # fmt: skip


def _what_it_takes(rules: RuleSet, compiled: CompiledRules, draft: Draft, key: str) -> str:
    bit, signals = compiled.bit(key), draft.signals
    if not draft.wanted & bit:
        spoken = signals.spoken & bit and not signals.granted & bit
        return "not served, since the event does not say yes" if spoken else "not served, too old"
    if rules.purposes[key].legal_basis is not LegalBasis.CONSENT:
        return "served, unless the person has objected"
    if signals.granted & bit:
        return "served, unless the person has closed it elsewhere"
    return "served if the person's consent is on record"
