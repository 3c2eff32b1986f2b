"""What do the signals that come with an event say about purposes?

Each kind has its reader, and all give the same: the purposes it speaks about, those it grants,
those it refuses.  What it speaks about and does neither is left out: not granted, and nothing is
taken back.  Where several signals speak, the most restrictive wins (R-95); that is decided where
they meet, purpose by purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from policies.ruleset import RuleSet
from policies.vocabulary import AgeBand


class Signalled(NamedTuple):
    """The purposes a signal speaks about, and of these the ones it grants and it refuses."""

    grants: tuple[str, ...]
    refuses: tuple[str, ...]
    speaks: tuple[str, ...]


def signalled(rules: RuleSet, categories: Mapping[str, object]) -> Signalled:
    """Read ``categoryPreferences``, the most restrictive way (R-94, R-95).

    A purpose is granted when every category that names it is exactly ``true``; it is refused when
    one of them is exactly ``false``.  Anything else, such as an absent category, ``"true"`` or 1,
    grants nothing.  Categories the rulebook does not know are ignored.  It speaks about every
    purpose: who asks by categories asks for all.
    """
    found = _read(rules, rules.categories, categories.get)
    return found._replace(speaks=tuple(rules.purposes))


def google(rules: RuleSet, members: Mapping[str, object]) -> Signalled:
    """Read Google's Consent Mode v2: ``granted`` and ``denied`` are words, all else is no grant."""
    words = {"granted": True, "denied": False}

    def said(member: str) -> object:
        value = members.get(member)
        return words.get(value) if isinstance(value, str) else None

    return _read(rules, {str(key): fed for key, fed in rules.signals.google.items()}, said)


def privacy_control(rules: RuleSet) -> Signalled:
    """Read Global Privacy Control, switched on: a no to the purposes it is held to speak about."""
    gpc = tuple(key for key in rules.purposes if key in rules.signals.gpc)
    return Signalled((), gpc, gpc)


def age(rules: RuleSet, band: AgeBand) -> Signalled:
    """Read an age band: a no to the purposes for adults, and under 15 to everything.

    Where the rulebook knows of parental consent it depends on that, which no signal can say; what
    the band itself refuses is then the same as up to 17.
    """
    ages = rules.signals.age
    if band in (AgeBand.ADULT, AgeBand.UNKNOWN):
        return Signalled((), (), ())
    whole = band is AgeBand.UNDER_15 and ages.parental is None
    refused = tuple(key for key in rules.purposes if whole or key in ages.adults)
    return Signalled((), refused, refused)


def tcf(rules: RuleSet, granted: Collection[int] | None) -> Signalled:
    """Read what a TC string grants our vendor, by number; ``None``: it may not be believed."""
    if rules.signals.tcf is None:
        return Signalled((), (), ())
    mapped = {str(number): keys for number, keys in rules.signals.tcf.purposes.items()}

    def said(number: str) -> object:
        return None if granted is None else int(number) in granted

    return _read(rules, mapped, said)


def _read(
    rules: RuleSet, mapped: Mapping[str, Collection[str]], said: Callable[[str], object]
) -> Signalled:
    granted: set[str] = set()
    withheld: set[str] = set()
    refused: set[str] = set()
    for key, purposes in mapped.items():
        word = said(key)
        (granted if word is True else withheld).update(purposes)
        if word is False:
            refused.update(purposes)
    return Signalled(
        grants=tuple(key for key in rules.purposes if key in granted - withheld),
        refuses=tuple(key for key in rules.purposes if key in refused),
        speaks=tuple(key for key in rules.purposes if key in granted | withheld),
    )
