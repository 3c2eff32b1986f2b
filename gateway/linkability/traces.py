"""Where does a name stand beside a pseudonym, or where no name should stand at all?

Pure but for `files`, which reads what is in folders.  A *record* is what belongs together: a row,
a line of a log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.linkability.attack import Outcome
from gateway.linkability.finding import Finder
from gateway.linkability.people import NAMED, Mark
from gateway.linkability.reading import Cell

MOST_BYTES: Final = 8 * 1024 * 1024  # of each file, from its end
MOST_FILES: Final = 1_000
LONGEST_LINE: Final = 64 * 1024


@dataclass(slots=True)
class Place:
    """What was found in one place, by number of the person.

    Attributes:
        own: an identifier of theirs in a record about themselves.
        others: one of theirs in a record about somebody else.
        exposed: one of theirs in a record about nobody.
        beside: an identifier and a pseudonym of theirs in one record.
        crossed: pseudonyms of two domains in one record.
    """

    own: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)
    exposed: set[int] = field(default_factory=set)
    beside: set[int] = field(default_factory=set)
    crossed: set[int] = field(default_factory=set)

    def where(self, kept: Callable[[int], bool]) -> Place:
        """Give what is about those who are *kept* only."""
        every = (self.own, self.others, self.exposed, self.beside, self.crossed)
        return Place(*({number for number in some if kept(number)} for some in every))


Places = dict[str, Place]


def in_rows(cells: Iterable[Cell], finder: Finder[Mark], owner: Mapping[int, int]) -> Places:
    """Look for identifiers in the rows about those who were drawn, column by column."""
    found: Places = {}
    for cell in cells:
        place = found.setdefault(cell.where, Place())
        for mark, _ in finder.in_value(cell.value):
            if mark.what == NAMED:
                mine = owner[cell.subject] == mark.person
                (place.own if mine else place.others).add(mark.person)
    return found


def in_records(where: str, records: Iterable[Sequence[Any]], finder: Finder[Mark]) -> Places:
    """Look for identifiers and pseudonyms in records that are about nobody in particular."""
    place = Place()
    for record in records:
        said: dict[int, set[str]] = {}
        for value in record:
            for mark, _ in finder.in_value(value):
                said.setdefault(mark.person, set()).add(mark.what)
        for person, things in said.items():
            pids = len(things - {NAMED})
            if NAMED in things:
                (place.beside if pids else place.exposed).add(person)
            if pids > 1:
                place.crossed.add(person)
    return {where: place}


def links(places: Mapping[str, Place], people: int) -> list[Outcome]:
    """Give how often a pseudonymous record led to an identifier of *people* who have one."""
    found = []
    for where, place in sorted(places.items()):
        right = place.own | place.beside
        found.append(_outcome(where, right, place.others, people))
        if place.exposed:
            found.append(_outcome(f"{where}: the identifier alone", place.exposed, set(), people))
    return found


def crossings(places: Mapping[str, Place], people: int) -> list[Outcome]:
    """Give how often pseudonyms of two domains stood in one record."""
    return [
        _outcome(f"{where} (in one record)", place.crossed, set(), people)
        for where, place in sorted(places.items())
    ]


@dataclass(slots=True)
class Files:
    """How much was read of what was given.

    Attributes:
        whole: nothing was left out: neither files nor beginnings of files.
    """

    files: int = 0
    bytes: int = 0
    whole: bool = True

    def lines(self, given: Iterable[Path]) -> Iterator[tuple[str, ...]]:
        """Give every line of the files and folders, of large files the end; no link is followed."""
        for path in _within(given):
            if self.files >= MOST_FILES:
                self.whole = False
                return
            self.files += 1
            yield from self._lines_of(path)

    def _lines_of(self, path: Path) -> Iterator[tuple[str, ...]]:
        size = path.stat().st_size
        self.whole = self.whole and size <= MOST_BYTES
        self.bytes += min(size, MOST_BYTES)
        with path.open("rb") as stream:
            stream.seek(max(0, size - MOST_BYTES))
            left = MOST_BYTES
            while left > 0 and (line := stream.readline(min(left, LONGEST_LINE))):
                left -= len(line)
                yield (line.decode("utf-8", "replace"),)


def _within(given: Iterable[Path]) -> Iterator[Path]:
    for path in given:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in inside if one.is_file() and not one.is_symlink())


def _outcome(name: str, right: set[int], wrong: set[int], people: int) -> Outcome:
    # Nobody finds an address among all there could be by guessing.
    return Outcome(name, people, len(right), len(wrong - right), len(right), 0.0)
