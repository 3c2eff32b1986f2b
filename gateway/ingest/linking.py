"""Which identifiers does an admitted event assert to be one person?

Links are made after the event was admitted, so consent that only the ledger
knows counts too, and in the vault alone: stored events never move, so what was
done before the link stays where it was (R-49).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.ingest.drafts import Draft
from gateway.ingest.resolve import Pair, Resolve, linked_pairs, said, sealed_kinds
from gateway.ingest.rules import CompiledRules
from pseudonymizer.lookup import Lookup


def link(rules: CompiledRules, admitted: Sequence[Draft], lookup: Resolve) -> None:
    """Join the identifiers that the *admitted* events say belong together."""
    asserted = [draft for draft in admitted if draft.links and not draft.linked]
    sets = [(pairs, said(draft)) for draft in asserted if (pairs := linked_pairs(rules, draft))]
    if not sets:
        return
    aliases = [pairs[1:] for pairs, _ in sets if _alternatives(pairs)]
    known = _known(aliases, lookup)
    sealed = sealed_kinds(rules)
    wanted = [
        Lookup(identifiers=_chosen(pairs, known), mint=False, link=True, seal=sealed, said=by)
        for pairs, by in sets
    ]
    lookup([each for each in wanted if len(each.identifiers) > 1])


def _alternatives(pairs: tuple[Pair, ...]) -> bool:
    """Say whether the tail of *pairs* is one text read as two kinds (``alias``)."""
    return len(pairs) == 3 and pairs[1][1] == pairs[2][1] and pairs[1][0] != pairs[2][0]


def _known(aliases: Sequence[tuple[Pair, ...]], lookup: Resolve) -> dict[Pair, bool]:
    """Ask which readings of a previous id are known."""
    asked = list({pair: None for pairs in aliases for pair in pairs})
    if not asked:
        return {}
    answers = lookup(
        [Lookup(identifiers=(pair,), mint=False, link=False, seal=frozenset()) for pair in asked]
    )
    return {pair: answer.status == "known" for pair, answer in zip(asked, answers, strict=True)}


def _chosen(pairs: tuple[Pair, ...], known: dict[Pair, bool]) -> tuple[Pair, ...]:
    """Give the identifiers to link: of an alias's readings those known, else the first."""
    if not _alternatives(pairs):
        return pairs
    readings = [pair for pair in pairs[1:] if known.get(pair)] or [pairs[1]]
    return (pairs[0], *readings)
