"""What a consent platform's categories say about purposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from policies.ruleset import RuleSet


class Signalled(NamedTuple):
    """The purposes a signal grants, and those it refuses; most are usually in neither."""

    grants: tuple[str, ...]
    refuses: tuple[str, ...]


def signalled(rules: RuleSet, categories: Mapping[str, object]) -> Signalled:
    """Read ``categoryPreferences``, the most restrictive way (R-94, R-95).

    A purpose is granted when every category that names it is exactly ``true``; it is refused when
    one of them is exactly ``false``.  Anything else, such as an absent category, ``"true"`` or 1,
    grants nothing.  Categories the rulebook does not know are ignored.
    """
    granted: set[str] = set()
    withheld: set[str] = set()
    refused: set[str] = set()
    for category, purposes in rules.categories.items():
        said = categories.get(category)
        (granted if said is True else withheld).update(purposes)
        if said is False:
            refused.update(purposes)
    return Signalled(
        grants=tuple(key for key in rules.purposes if key in granted - withheld),
        refuses=tuple(key for key in rules.purposes if key in refused),
    )
