"""Whose yes a purpose takes, and whose no counts: in two rulebooks, purpose by purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policies.comparing.changes import Change, Effect, Verdict, said, shrinking, silent
from policies.comparing.parts import Part
from policies.ruleset import RuleSet

CATEGORY: Final = "category"
NOES: Final = frozenset({"gpc", "age"})  # signals that never say yes
KINDS: Final = (CATEGORY, "google", "tcf", *sorted(NOES))


def _parental(before: object, after: object) -> list[Verdict]:
    """Without it nothing of children is kept."""
    effect = Effect.DROPPED if after is None else Effect.STORED
    return [Verdict(effect, after is not None, said(before), said(after))]


TCF: Final = Part(
    "consent.yaml",
    Effect.ASKED_MORE,
    Effect.ASKED_LESS,
    {"least_policy": shrinking(Effect.ASKED_LESS, Effect.ASKED_MORE), "purposes": silent},
)
AGE: Final = Part(
    "consent.yaml",
    Effect.ASKED_MORE,
    Effect.ASKED_LESS,
    {"adults": silent, "parental": _parental},
)


def asking(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    """Judge, purpose by purpose, who has to say yes, and whose no counts."""
    for purpose in new.purposes:
        before, after = _asked(old, purpose), _asked(new, purpose)
        if before == after:
            continue
        loosens = any(_easier(kind, before[kind], after[kind]) for kind in before)
        effect = Effect.ASKED_LESS if loosens else Effect.ASKED_MORE
        yield Change("consent.yaml", purpose, effect, loosens, _listed(before), _listed(after))
    yield from AGE.entry(old.signals.age, new.signals.age, "age")
    before_, after_ = old.signals.tcf, new.signals.tcf
    if before_ is not None and after_ is not None:
        yield from TCF.entry(before_, after_, "tcf")


def _easier(kind: str, before: frozenset[str], after: frozenset[str]) -> bool:
    """Say whether a yes by signals of one kind became easier, or a no harder.

    Within a kind each member that speaks has to say yes.  A kind that does not come along says
    nothing, so one that speaks newly is one more way to a yes, whatever the others ask.
    """
    if kind in NOES:
        return bool(before - after)
    if not after:
        return bool(before) and kind != CATEGORY  # these speak of every purpose, named or not
    return not (before and before <= after)


def _asked(rules: RuleSet, purpose: str) -> dict[str, frozenset[str]]:
    """Give the signals that speak for *purpose*, each by a name of its own, by their kind."""
    named: dict[str, set[str]] = {kind: set() for kind in KINDS}
    named[CATEGORY] = {key for key, fed in rules.categories.items() if purpose in fed}
    for signal in rules.signals_for(purpose):
        named[signal.partition(" ")[0]].add(signal)
    return {kind: frozenset(signals) for kind, signals in named.items()}


def _listed(signals: Mapping[str, frozenset[str]]) -> str:
    return said(sorted(signal for named in signals.values() for signal in named))
