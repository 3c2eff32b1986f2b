"""Whose events are these?  From raw identifiers to pseudonyms, through the vault, once a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pseudonymizer.normalise import canonical
from pseudonymizer.vault.remember import Lookup, Resolved

from gateway.ingest.drafts import Draft
from gateway.ingest.rules import CompiledRules
from policies.decisions import Reason
from policies.ruleset import IdentifierRule
from pseudonymizer.errors import IdentifierInvalid

Resolve = Callable[[Sequence[Lookup]], Sequence[Resolved]]
Pair = tuple[str, str]


@dataclass(slots=True)
class _Wanted:
    """The distinct people of a group, in order of first sight."""

    positions: dict[Pair, int] = field(default_factory=dict)
    mint: list[bool] = field(default_factory=list)


def spelled(identifiers: Mapping[str, IdentifierRule], pair: Pair) -> Pair | None:
    """Give *pair* in its canonical spelling; ``None`` when its kind is not declared.

    Raises:
        IdentifierInvalid: the text cannot be an identifier of its kind.
    """
    kind, text = pair
    rule = identifiers.get(kind)
    return None if rule is None else (kind, canonical(kind, text, region=rule.region))


def resolve(rules: CompiledRules, drafts: Sequence[Draft], lookup: Resolve) -> None:
    """Set the pids of every draft; refuse those that name nobody we may know.

    Somebody unknown is minted only where the event's own signals admit it to
    be stored: about the others nothing is kept, not even a blind index.
    """
    wanted = _Wanted()
    for draft in drafts:
        _place(rules, draft, wanted)
    if not wanted.positions:
        return
    sealed = sealed_kinds(rules)
    lookups = [
        Lookup(identifiers=(pair,), mint=mint, link=False, seal=sealed)
        for pair, mint in zip(wanted.positions, wanted.mint, strict=True)
    ]
    answers = lookup(lookups)
    for draft in drafts:
        if draft.outcome is None:
            _answered(draft, answers[draft.lookup])


def sealed_kinds(rules: CompiledRules) -> frozenset[str]:
    """Give the kinds of identifier the rulebook keeps sealed."""
    return frozenset(
        kind for kind, rule in rules.ruleset.identifiers.items() if rule.keep == "sealed"
    )


def _place(rules: CompiledRules, draft: Draft, wanted: _Wanted) -> None:
    pair: Pair | None = None
    try:
        for raw in draft.event.identifiers:
            pair = pair or spelled(rules.ruleset.identifiers, raw)
    except IdentifierInvalid:
        draft.outcome = Reason.IDENTIFIER_INVALID
        return
    if pair is None:
        draft.outcome = Reason.IDENTIFIER_MISSING
        return
    draft.lookup = wanted.positions.setdefault(pair, len(wanted.positions))
    if draft.lookup == len(wanted.mint):
        wanted.mint.append(False)
    wanted.mint[draft.lookup] |= _admits(rules, draft)


def _admits(rules: CompiledRules, draft: Draft) -> bool:
    granted = draft.signals.granted
    if draft.plan is None:
        return bool(granted)
    return bool(draft.wanted & (granted | rules.free))


def _answered(draft: Draft, answer: Resolved) -> None:
    if answer.status == "suppressed":
        draft.outcome = Reason.SUPPRESSED
    elif answer.pids is None:
        said_no = draft.signals.spoke and not draft.wanted
        draft.outcome = Reason.CONSENT_REFUSED if said_no else Reason.CONSENT_MISSING
    else:
        draft.pids = answer.pids
