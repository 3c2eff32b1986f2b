"""What follows from what was read?  The two questions, and whether the audit can be believed.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.linkability import planted, traces
from gateway.linkability.asked import Asked
from gateway.linkability.attack import Attack
from gateway.linkability.finding import Finder
from gateway.linkability.holdings import Holdings
from gateway.linkability.people import Mark, Person
from gateway.linkability.report import Plant, Question
from gateway.linkability.traces import Place, Places


def across_domains(held: Holdings, asked: Asked, places: Places) -> Question:
    """Say how often somebody could be followed from one domain into another."""
    made_up = held.planted.subjects
    near = {
        path: {
            target: [one for one in around if one.subject not in made_up]
            for target, around in by_target.items()
        }
        for path, by_target in held.reading.near.items()
    }
    attack = Attack(held.reading.columns, held.candidates, near, list(held.truth))
    outcomes = attack.run(held.truth, asked.random, asked.tell)
    people = len(held.truth)
    return Question(people, [*outcomes, *traces.crossings(places, people)])


def to_identifiers(people: Sequence[Person], places: Places) -> Question:
    """Say how often a pseudonymous record led to an identifier."""
    named = sum(1 for person in people if person.identifiers)
    return Question(named, traces.links(places, named))


def real(places: Places, people: int) -> Places:
    """Leave out those who were made up: their numbers come after those of the real *people*."""
    return {where: place.where(lambda number: number < people) for where, place in places.items()}


def plants(held: Holdings, asked: Asked, rows: Places, finder: Finder[Mark]) -> list[Plant]:
    """Say of each leak that was planted whether it was found."""
    first, tried = len(held.people), len(held.planted.people)
    log = traces.in_records("log", held.planted.lines(), finder)["log"]
    in_log = log.where(lambda number: number >= first)
    in_row = rows.get(planted.NAMED_IN, Place()).where(lambda number: number >= first)
    return [
        *_joined(held, asked),
        Plant("an address in a row", tried, len(in_row.own), tried),
        Plant("an address beside a pseudonym in a log", tried, len(in_log.beside), tried),
    ]


def _joined(held: Holdings, asked: Asked) -> list[Plant]:
    """Follow those who were made up, among all the others, by what they share and by the control.

    A control that finds somebody knows the truth from elsewhere, and every rate would be wrong.
    """
    if not held.planted_truth:
        return []
    candidates = {domain: set(some) for domain, some in held.candidates.items()}
    for person in held.planted.people:
        for one in person.pseudonyms:
            candidates.setdefault(one.domain, set()).add(one.subject)
    wanted = {planted.SHARED, planted.CONTROL}
    columns = [column for column in held.reading.columns if column.name in wanted]
    attack = Attack(columns, candidates, {}, list(held.planted_truth))
    outcomes = attack.run(held.planted_truth, asked.random, lambda _: None)
    right = {outcome.name: outcome.right for outcome in outcomes}
    tried = len(held.planted_truth)
    shared, control = (
        right.get(f"{name} (value)", 0) for name in (planted.SHARED, planted.CONTROL)
    )
    return [
        Plant("a number in both domains", tried, shared, tried),
        Plant("numbers that nobody shares", tried, control, 0),
    ]
