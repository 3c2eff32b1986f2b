"""Whom does an audit follow?  What the auditor knows of them, and the attacker does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from gateway.linkability.paths import Target
from gateway.rights.needles import Needle, identifier_needles, pseudonym_needles

NAMED: Final = "identifier"


class Pseudonym(NamedTuple):
    """What somebody is called in one domain, and the number the store has for that."""

    domain: int
    pid: bytes
    subject: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was drawn, or made up to be found.

    Attributes:
        pseudonyms: those that the store knows.
        identifiers: (kind, text) of those whose text was kept.
    """

    pseudonyms: tuple[Pseudonym, ...]
    identifiers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Person({len(self.pseudonyms)} pseudonyms, {len(self.identifiers)} identifiers)"


class Mark(NamedTuple):
    """Whose a form is: by number in the list of people; and what, an identifier or which pid."""

    person: int
    what: str


def follow(people: Iterable[Person], random: Random) -> dict[Target, int]:
    """Choose for each person from which domain to follow them into which; give the true answers.

    One attempt a person, so that the attempts are independent and the interval means what it says.
    """
    truth: dict[Target, int] = {}
    for person in people:
        if len(person.pseudonyms) > 1:
            source, destination = random.sample(person.pseudonyms, 2)
            truth[Target(source.subject, destination.domain)] = destination.subject
    return truth


def owners(people: Iterable[Person]) -> dict[int, int]:
    """Give the number of the person by surrogate."""
    return {
        pseudonym.subject: number
        for number, person in enumerate(people)
        for pseudonym in person.pseudonyms
    }


def needles(people: Iterable[Person]) -> Iterator[tuple[Mark, Needle]]:
    """Give every form of everybody's identifiers and pseudonyms."""
    for number, person in enumerate(people):
        for kind, value in person.identifiers:
            for needle in identifier_needles(kind, [value]):
                yield Mark(number, NAMED), needle
        for pseudonym in person.pseudonyms:
            for needle in pseudonym_needles([pseudonym.pid]):
                yield Mark(number, f"pid {pseudonym.domain}"), needle
