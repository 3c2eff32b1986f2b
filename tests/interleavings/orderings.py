"""Every ordering of some actors' statements, up to a number of preemptions.

A preemption takes the turn from an actor that could go on.  Whoever ends, or waits for a lock,
gives the turn up without being asked; that is free.  The orderings are found by going back: each
run is recorded choice by choice, and the next one repeats it up to the last choice that may still
be made otherwise.

Taking the turn from somebody just before a statement that nobody else minds is the same as taking
it just after: those orderings are left out.  What the others do is known from all runs so far.

Source: Musuvathi and Qadeer (2007), "Iterative Context Bounding for Systematic Testing of
Multithreaded Programs", PLDI; the left-out ones are those of Godefroid (1996), "Partial-Order
Methods for the Verification of Concurrent Systems", in the plainest form.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tests.interleavings.conductor import Choose, Point
from tests.interleavings.touching import NOTHING, Touch, together

Perform = Callable[[Choose], object]


class NotRepeatable(AssertionError):
    """The same choices led elsewhere than before, so an ordering would say nothing."""


@dataclass(slots=True)
class _Choice:
    point: Point
    chosen: str
    tried: set[str] = field(default_factory=set)

    def preempts(self, chosen: str) -> bool:
        """Say whether *chosen* takes the turn from somebody who could go on."""
        last = self.point.last
        return last in self.point.ready and chosen != last


@dataclass(slots=True)
class Ordering:
    """The choices of one run: repeats a beginning, then lets everybody go on as far as they can."""

    beginning: Sequence[_Choice] = ()
    choices: list[_Choice] = field(default_factory=list)

    def __call__(self, point: Point) -> str:
        place = len(self.choices)
        if place < len(self.beginning):
            known = self.beginning[place]
            if known.point.says != point.says:
                raise NotRepeatable(f"{known.point.says} became {point.says}; {self}")
            self.choices.append(known)
            return known.chosen
        stays = point.last is not None and point.last in point.ready
        chosen = str(point.last) if stays else min(point.ready)
        self.choices.append(_Choice(point, chosen, {chosen}))
        return chosen

    def __str__(self) -> str:
        return told(choice.chosen for choice in self.choices)


@dataclass(slots=True)
class Recited:
    """Repeats an ordering from its description; goes on at will after its end."""

    turns: list[str]

    def __call__(self, point: Point) -> str:
        if self.turns and self.turns[0] in point.ready:
            return self.turns.pop(0)
        if self.turns:
            raise NotRepeatable(f"{self.turns[0]} cannot go on; {sorted(point.ready)} can")
        return min(point.ready)


@dataclass(slots=True)
class Diced:
    """Takes the turn away at random, and records what it did."""

    dice: random.Random
    chance: float
    chosen: list[str] = field(default_factory=list)

    def __call__(self, point: Point) -> str:
        stays = point.last in point.ready and self.dice.random() >= self.chance
        self.chosen.append(str(point.last) if stays else self.dice.choice(sorted(point.ready)))
        return self.chosen[-1]

    def __str__(self) -> str:
        return told(self.chosen)


def told(chosen: Iterator[str] | Sequence[str]) -> str:
    """Describe an ordering: who goes on, for how many statements."""
    return ", ".join(f"{name} {len(list(turn))}" for name, turn in groupby(chosen))


def recited(description: str) -> Recited:
    """Read what ``told`` has written."""
    turns = [turn.rsplit(" ", 1) for turn in description.split(", ") if turn]
    return Recited([name for name, count in turns for _ in range(int(count))])


def orderings(perform: Perform, preemptions: int) -> Iterator[Ordering]:
    """Perform every ordering with so many preemptions at most; give each once it is over."""
    beginning: list[_Choice] = []
    known: dict[str, Touch] = {}
    while True:
        ordering = Ordering(beginning)
        perform(ordering)
        yield ordering
        for choice in ordering.choices[len(beginning) :]:
            for name, touch in choice.point.ready.items():
                known[name] = known.get(name, NOTHING) | touch
        beginning = ordering.choices
        while beginning and not _turned(beginning, known, preemptions):
            beginning.pop()
        if not beginning:
            return


def _turned(choices: list[_Choice], known: dict[str, Touch], preemptions: int) -> bool:
    """Make the last of *choices* otherwise, if there is anything left to try."""
    here = choices[-1]
    spent = sum(choice.preempts(choice.chosen) for choice in choices[:-1])
    for name in sorted(here.point.ready):
        if name in here.tried or (here.preempts(name) and spent >= preemptions):
            continue
        here.tried.add(name)
        if here.preempts(name) and not _matters(here.point, known):
            continue
        here.chosen = name
        return True
    return False


def _matters(point: Point, known: dict[str, Touch]) -> bool:
    """Say whether anybody else minds when the statement of whoever had the turn is run."""
    assert point.last is not None
    others = together(touch for name, touch in known.items() if name != point.last)
    return point.ready[point.last].minds(others)
