"""Whose events are these?  From raw identifiers to pseudonyms, through the vault, once a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.ingest.drafts import Draft
from gateway.ingest.rules import CompiledRules
from policies.decisions import Reason
from policies.ruleset import IdentifierRule
from policies.vocabulary import EventKind
from pseudonymizer.errors import IdentifierInvalid, IdentifierNobody
from pseudonymizer.lookup import NOBODY_SAID, Lookup, Resolved, Said
from pseudonymizer.normalise import canonical
from pseudonymizer.reach import reach

Resolve = Callable[[Sequence[Lookup]], Sequence[Resolved]]
Pair = tuple[str, str]


@dataclass(slots=True)
class _Wanted:
    """The distinct look-ups of a group, in order of first sight.

    A look-up of several identifiers asserts that they are one person.
    """

    positions: dict[tuple[Pair, ...], int] = field(default_factory=dict)
    mint: list[bool] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def place(self, pairs: tuple[Pair, ...], *, mint: bool, said: Said = NOBODY_SAID) -> int:
        """Give the position of the look-up of *pairs*; mint if anybody asking for it may."""
        position = self.positions.setdefault(pairs, len(self.mint))
        if position == len(self.mint):
            self.mint.append(mint)
            self.said.append(said)
        else:
            self.mint[position] |= mint
        return position


def spelled(identifiers: Mapping[str, IdentifierRule], pair: Pair) -> Pair | None:
    """Give *pair* in its canonical spelling; ``None`` when its kind is not declared.

    Raises:
        IdentifierInvalid: the text cannot be an identifier of its kind.
    """
    kind, text = pair
    rule = identifiers.get(kind)
    return None if rule is None else (kind, canonical(kind, text, region=rule.region))


def linked_pairs(rules: CompiledRules, draft: Draft) -> tuple[Pair, ...]:
    """Give the canonical identifiers *draft* asserts to be one person; none if fewer than two.

    One that cannot be read is left out: a wrong phone number is no reason to
    lose the rest of the call.
    """
    if not draft.event.links:
        return ()
    pairs: dict[Pair, None] = {}
    for raw in draft.event.links:
        rule = rules.ruleset.identifiers.get(raw[0])
        if rule is None or not rule.links:
            continue
        try:
            pair = spelled(rules.ruleset.identifiers, raw)
        except IdentifierInvalid:
            continue
        if pair is not None:
            pairs[pair] = None
    return tuple(pairs) if len(pairs) > 1 else ()


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
    answers = lookup(
        [
            Lookup(identifiers=pairs, mint=mint, link=len(pairs) > 1, seal=sealed, said=by)
            for pairs, mint, by in zip(wanted.positions, wanted.mint, wanted.said, strict=True)
        ]
    )
    for draft in drafts:
        if draft.outcome is None:
            _answered(draft, [answers[position] for position in draft.lookups])


def said(draft: Draft) -> Said:
    """Give who asserts what *draft* links, and by which call."""
    return Said(draft.source, draft.event.kind)


def sealed_kinds(rules: CompiledRules) -> frozenset[str]:
    """Give the kinds of identifier the rulebook keeps sealed."""
    return frozenset(
        kind for kind, rule in rules.ruleset.identifiers.items() if rule.keep == "sealed"
    )


def _place(rules: CompiledRules, draft: Draft, wanted: _Wanted) -> None:
    try:
        spellings = [spelled(rules.ruleset.identifiers, raw) for raw in draft.event.identifiers]
    except IdentifierNobody:
        draft.outcome = Reason.IDENTIFIER_NOBODY
        return
    except IdentifierInvalid:
        draft.outcome = Reason.IDENTIFIER_INVALID
        return
    primary = next((pair for pair in spellings if pair is not None), None)
    if primary is None:
        draft.outcome = Reason.IDENTIFIER_MISSING
        return
    draft.scope = reach(primary[0])
    admits = _admits(rules, draft)
    pairs = linked_pairs(rules, draft)
    if pairs[:1] == (primary,) and admits and draft.event.kind == EventKind.IDENTIFY:
        draft.lookups = (wanted.place(pairs, mint=True, said=said(draft)),)
        draft.linked = True
        return
    others = [pair for pair in pairs if pair != primary and reach(pair[0]) == draft.scope]
    draft.lookups = (
        wanted.place((primary,), mint=admits),
        # Without a signal of its own the call may still be about somebody known by another name;
        # but not by their device, whose choices were not made by whoever is signed in on it.
        *(wanted.place((pair,), mint=False) for pair in others if not admits),
    )


def _admits(rules: CompiledRules, draft: Draft) -> bool:
    if draft.child:  # of whom we must know that a parent has consented, before we know them
        return False
    granted = draft.signals.granted
    if draft.plan is None:
        return bool(granted)
    return bool(draft.wanted & (granted | rules.free))


def _answered(draft: Draft, answers: Sequence[Resolved]) -> None:
    found = None
    for answer in answers:
        if answer.status == "suppressed":
            draft.outcome = Reason.SUPPRESSED
            return
        if found is None and answer.pids is not None:
            found = answer
    if found is None:
        if draft.child:
            draft.outcome = Reason.CHILD
            return
        said_no = draft.signals.spoken and not draft.wanted
        draft.outcome = Reason.CONSENT_REFUSED if said_no else Reason.CONSENT_MISSING
    else:
        draft.pids, draft.past, draft.epoch = found.pids, found.past, found.epoch
