"""Everything about everybody who matters, read at once: the drawn, the made up, and the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from gateway.linkability import planted
from gateway.linkability.asked import Asked
from gateway.linkability.paths import Target
from gateway.linkability.people import Person, follow, owners
from gateway.linkability.planted import Planted
from gateway.linkability.reading import Reading, read
from policies.ruleset import RuleSet
from workers.store import linkage, numbering


@dataclass(frozen=True, slots=True)
class Holdings:
    """What was read of the store, and the true answers for the end.

    Attributes:
        truth: for each target, the pseudonym it is to be joined with; likewise of the planted.
        candidates: the pseudonyms of each domain that come into question.
        population: how many there are.
        names: what the domains are called.
    """

    people: list[Person]
    planted: Planted
    truth: Mapping[Target, int]
    planted_truth: Mapping[Target, int]
    candidates: Mapping[int, set[int]]
    population: Mapping[int, int]
    names: Mapping[int, str]
    reading: Reading


def gather(
    engine: Engine, rules: RuleSet, asked: Asked, people: list[Person], now_us: int
) -> Holdings:
    """Read the store, with leaks planted in it that are taken back before this returns."""
    with planted.taken_back(engine) as store:
        numbering.domain_numbers(store, rules)  # of an installation nothing ran on yet
        truth = follow(people, asked.random)
        candidates = _candidates(store, asked, truth)
        names, population = numbering.domain_keys(store), linkage.population(store)
        made_up = planted.plant(store, sorted(names)[:2], now_us, asked.random)
        planted_truth = follow(made_up.people, asked.random)
        drawn = {*owners(people), *made_up.subjects}
        subjects = drawn.union(*candidates.values())
        reading = read(store, subjects, drawn, [*truth, *planted_truth], asked.tell)
    return Holdings(people, made_up, truth, planted_truth, candidates, population, names, reading)


def _candidates(
    store: Connection, asked: Asked, truth: Mapping[Target, int]
) -> dict[int, set[int]]:
    """Draw who comes into question; the right answer is always among them, as it is in a dump."""
    drawn = linkage.candidates(store, asked.candidates, asked.random)
    found = {domain: set(some) for domain, some in drawn.items()}
    for target, answer in truth.items():
        found.setdefault(target.domain, set()).add(answer)
    return found
