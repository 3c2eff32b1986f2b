"""Every ordering of the statements of two, of three, and some of all: nobody back, nothing lost.

The same few actors on the same two people.  ``INTERLEAVINGS`` decides how deep, as it decides how
often the threads of ``tests/integration/test_interleavings.py`` meet by chance: from a hundred on
there is one more preemption.  Of three actors one is an erasure, and there is one preemption less.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import combinations, combinations_with_replacement

import pytest

from tests.interleavings.acts import ACTS, FIRST_SIGHTS
from tests.interleavings.depth import DEEP, HUNDREDS
from tests.interleavings.orderings import Diced, orderings
from tests.interleavings.playing import perform, rehearse
from tests.interleavings.theatre import Theatre

PREEMPTIONS = 2 if DEEP else 1
OF_ALL = 10  # random orderings of everybody, for each hundred
CHANCES = (0.05, 0.2, 0.5)  # of losing the turn, at every statement

# The long run may take what it takes; what hangs, the conductor notices by itself.
pytestmark = pytest.mark.timeout(0 if DEEP else 300)

Cast = tuple[str, ...]
Record = Callable[[str, object], None]


def _numbered(names: Cast) -> Cast:
    """Tell two who do the same apart."""
    return tuple(
        name if names.index(name) == place else f"{name}:{place + 1}"
        for place, name in enumerate(names)
    )


PAIRS = [_numbered(pair) for pair in combinations_with_replacement(ACTS, 2)]
FIRST_PAIRS = [_numbered(pair) for pair in combinations_with_replacement(FIRST_SIGHTS, 2)]
TRIPLES = [cast for cast in combinations(ACTS, 3) if "erasure" in cast]


def explored(theatre: Theatre, cast: Cast, preemptions: int, *, met: bool = True) -> int:
    """Perform every ordering of *cast*; give how many there were."""
    rehearse(theatre, cast)
    return sum(
        1 for _ in orderings(lambda choose: perform(theatre, cast, choose, met=met), preemptions)
    )


@pytest.mark.parametrize("cast", PAIRS, ids="-".join)
def test_every_ordering_of_two_keeps_every_promise(
    cast: Cast, theatre: Theatre, record_property: Record
) -> None:
    record_property("orderings", explored(theatre, cast, PREEMPTIONS))


@pytest.mark.parametrize("cast", FIRST_PAIRS, ids="-".join)
def test_every_ordering_of_two_about_somebody_nobody_has_met(
    cast: Cast, theatre: Theatre, record_property: Record
) -> None:
    record_property("orderings", explored(theatre, cast, PREEMPTIONS, met=False))


@pytest.mark.parametrize("cast", TRIPLES, ids="-".join)
def test_every_ordering_of_three_keeps_every_promise(
    cast: Cast, theatre: Theatre, record_property: Record
) -> None:
    record_property("orderings", explored(theatre, cast, PREEMPTIONS - 1))


@pytest.mark.parametrize("seed", range(HUNDREDS))
def test_everybody_at_once_keeps_every_promise(
    seed: int, theatre: Theatre, record_property: Record
) -> None:
    cast = tuple(ACTS)
    rehearse(theatre, cast)
    for number in range(OF_ALL):
        dice = random.Random(seed * OF_ALL + number)  # noqa: S311  a schedule
        perform(theatre, cast, Diced(dice, dice.choice(CHANCES)), met=number % 3 > 0)
    record_property("orderings", OF_ALL)
