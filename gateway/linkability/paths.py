"""By which ways could somebody be followed from one domain into another?

Pure.  Each way takes pseudonyms of one domain and names, for each of them, the one of another
domain that it would be: the attacker's best guess, from the store alone.  Whether a guess is right
is not known here.

A value counts for the more the fewer share it, and not at all where many do.
Source: A. Narayanan and V. Shmatikov (2008), "Robust De-anonymization of Large Sparse Datasets",
IEEE Symposium on Security and Privacy, section 4 (the weight of rare attributes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, NamedTuple

from gateway.linkability.columns import DERIVED, Column

SHARED_BY: Final = 64  # candidates; a value that more of them have points at nobody

Kind = Literal["value", "history", "next number", "next in the file"]


class Target(NamedTuple):
    """A pseudonym to be followed, and the domain into which."""

    subject: int
    domain: int


class Guess(NamedTuple):
    """Who it would be, and whether nobody else came into question as much."""

    subject: int
    alone: bool


class Beside(NamedTuple):
    """Somebody of the other domain, and how far away; the nearest is the best guess."""

    subject: int
    distance: int


@dataclass(frozen=True, slots=True)
class Path:
    """One way: which column of one domain against which of the other, and how."""

    kind: Kind
    source: str
    destination: str

    @property
    def name(self) -> str:
        """Give the way in words."""
        if self.source == self.destination:
            return f"{self.source} ({self.kind})"
        return f"{self.source} = {self.destination} ({self.kind})"


Guesses = Mapping[Target, Guess]


@dataclass(slots=True)
class Holders:
    """Which candidates of each domain have a value in a column; each column is gone over once."""

    candidates: Mapping[int, Collection[int]]
    _by_value: dict[tuple[int, int], dict[Hashable, list[int]]] = field(default_factory=dict)
    _by_history: dict[tuple[int, int], dict[Hashable, list[int]]] = field(default_factory=dict)

    def of_values(self, column: Column, domain: int) -> Mapping[Hashable, list[int]]:
        """Give the candidates by value."""
        known = self._by_value.get((id(column), domain))
        if known is None:
            known = self._by_value[id(column), domain] = {}
            for subject in self.candidates.get(domain, ()):
                for value in set(column.about(subject)):
                    known.setdefault(value, []).append(subject)
        return known

    def of_histories(self, column: Column, domain: int) -> Mapping[Hashable, list[int]]:
        """Give the candidates by all their values together."""
        known = self._by_history.get((id(column), domain))
        if known is None:
            known = self._by_history[id(column), domain] = {}
            for subject in self.candidates.get(domain, ()):
                history = _history(column, subject)
                if history is not None:
                    known.setdefault(history, []).append(subject)
        return known


def ways(columns: Sequence[Column]) -> Iterable[tuple[Path, Column, Column]]:
    """Give every pair of columns whose values can be equal, and every column's whole history."""
    for one in columns:
        yield Path("history", one.name, one.name), one, one
        for other in columns:
            same = one.name == other.name
            if one.family == other.family and (same or one.family != DERIVED):
                yield Path("value", one.name, other.name), one, other


def by_value(
    targets: Iterable[Target], columns: tuple[Column, Column], holders: Holders, random: Random
) -> dict[Target, Guess]:
    """Guess whoever shares most with the target, each value weighed by how few have it."""
    source, destination = columns
    guesses: dict[Target, Guess] = {}
    for target in targets:
        have = holders.of_values(destination, target.domain)
        score: Counter[int] = Counter()
        for value in set(source.about(target.subject)):
            sharing = have.get(value, ())
            if len(sharing) <= SHARED_BY:
                for subject in sharing:
                    score[subject] += 1 / len(sharing)  # type: ignore[assignment]  # a weight
        if score:
            most = max(score.values()) - 1e-9
            guesses[target] = _one_of(
                [each for each, sum_ in score.items() if sum_ >= most], random
            )
    return guesses


def by_history(
    targets: Iterable[Target], column: Column, holders: Holders, random: Random
) -> dict[Target, Guess]:
    """Guess whoever has exactly the same values as often."""
    guesses: dict[Target, Guess] = {}
    for target in targets:
        history = _history(column, target.subject)
        same = holders.of_histories(column, target.domain).get(history, ())
        if same:
            guesses[target] = _one_of(same, random)
    return guesses


def by_nearness(
    targets: Iterable[Target], near: Mapping[Target, Sequence[Beside]], random: Random
) -> dict[Target, Guess]:
    """Guess whoever stands nearest."""
    guesses: dict[Target, Guess] = {}
    for target in targets:
        around = near.get(target, ())
        if around:
            least = min(one.distance for one in around)
            nearest = [one.subject for one in around if one.distance == least]
            guesses[target] = _one_of(nearest, random)
    return guesses


def _history(column: Column, subject: int) -> Hashable | None:
    values = column.about(subject)
    # Values of one column may be of kinds without an order, so they are counted, not sorted.
    return frozenset(Counter(values).items()) if values else None


def _one_of(subjects: Sequence[int], random: Random) -> Guess:
    return Guess(random.choice(sorted(subjects)), len(subjects) == 1)
