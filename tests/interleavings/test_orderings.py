"""Every ordering of the statements of two, of three, and some of all: nobody back, nothing lost.

The same few actors on the same two people.  ``INTERLEAVINGS`` decides how deep, as it decides how
often the threads of ``tests/integration/test_interleavings.py`` meet by chance: from a hundred on
there is one more preemption.  Of three actors one is an erasure, and there is one preemption less.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, combinations_with_replacement

import pytest

from tests.interleavings.acts import ACTS, FIRST_SIGHTS, FIRST_STATES, History
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


def _pairs(names: Iterable[str]) -> list[Cast]:
    return [_numbered(pair) for pair in combinations_with_replacement(names, 2)]


ABOUT = {History.EVENTS: ACTS, History.CONSENT: FIRST_STATES, History.NONE: FIRST_SIGHTS}
PAIRS = [(history, pair) for history, names in ABOUT.items() for pair in _pairs(names)]
TRIPLES = [cast for cast in combinations(ACTS, 3) if "erasure" in cast]


def explored(
    theatre: Theatre, cast: Cast, preemptions: int, history: History = History.EVENTS
) -> None:
    """Perform every ordering of *cast*."""
    rehearse(theatre, cast)
    for _ in orderings(lambda choose: perform(theatre, cast, choose, history), preemptions):
        pass


@contextlib.contextmanager
def counted(theatre: Theatre, record: Record) -> Iterator[None]:
    """Tell the end of the run how many orderings and deadlocks there were."""
    before = theatre.performed, theatre.conductor.deadlocks
    yield
    record("orderings", theatre.performed - before[0])
    record("deadlocks", theatre.conductor.deadlocks - before[1])


@pytest.mark.parametrize(
    ("history", "cast"), PAIRS, ids=["-".join((each.value, *cast)) for each, cast in PAIRS]
)
def test_every_ordering_of_two_keeps_every_promise(
    history: History, cast: Cast, theatre: Theatre, record_property: Record
) -> None:
    with counted(theatre, record_property):
        explored(theatre, cast, PREEMPTIONS, history)


@pytest.mark.parametrize("cast", TRIPLES, ids="-".join)
def test_every_ordering_of_three_keeps_every_promise(
    cast: Cast, theatre: Theatre, record_property: Record
) -> None:
    with counted(theatre, record_property):
        explored(theatre, cast, PREEMPTIONS - 1)


@pytest.mark.parametrize("seed", range(HUNDREDS))
def test_everybody_at_once_keeps_every_promise(
    seed: int, theatre: Theatre, record_property: Record
) -> None:
    cast = tuple(ACTS)
    rehearse(theatre, cast)
    with counted(theatre, record_property):
        for number in range(OF_ALL):
            dice = random.Random(seed * OF_ALL + number)  # noqa: S311  a schedule
            perform(theatre, cast, Diced(dice, dice.choice(CHANCES)), dice.choice(list(History)))
