"""A cheap first look at all texts of a batch: which recognisers may find something in which text.

Generated from the recognisers' own patterns, so that a new recogniser cannot be forgotten.  The
first look may be wrong in one direction only: it may ask for a closer look in vain, it may never
leave one out.  ``test_identical_findings`` holds it to that.

Both engines answer with one bit set per text: bit *n* for recogniser *n*, then ``WRAPPED`` where
the text shows a sign of an encoding, ``UNFIT`` where it holds what no database can store.
"""

from __future__ import annotations

import importlib.util
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

import regex

from pseudonymizer.scrub.decode import SIGNS
from pseudonymizer.scrub.edges import BEGIN, EDGE
from pseudonymizer.scrub.errors import FastScrubbingMissing
from pseudonymizer.scrub.fold import SEPARATOR, drawn, fold
from pseudonymizer.scrub.needs import needs
from pseudonymizer.scrub.spelling import is_plain

WRAPPED: Final = 1 << 30
UNFIT: Final = 1 << 31
_EXACT: Final = re.DOTALL | re.MULTILINE
_SECONDS: Final = 5.0  # for one batch without Hyperscan, whose own time is linear
_DIGITS: Final = b"0123456789"
_MOST_REMEMBERED: Final = 10_000  # mixtures of digits and signs; ordinary texts show some hundred


Search = Callable[[str], object]


class Shape(NamedTuple):
    """A pattern, its flags (the same bits in `re` and `regex`), and the bit it sets."""

    pattern: str
    flags: int
    bit: int


class Prefilter(Protocol):
    """Looks at all texts of a batch."""

    def look(self, texts: Sequence[str]) -> list[int]:
        """Give the bits of every text."""
        ...


def prefilter(shapes: Sequence[Shape], *, fast: bool | None) -> Prefilter:
    """Build the engine: Hyperscan where it is installed, unless *fast* says which one it must be.

    Raises:
        FastScrubbingMissing: *fast* is true and Hyperscan is not installed.
    """
    signs = [Shape(sign, _EXACT, WRAPPED) for sign in SIGNS]
    installed = importlib.util.find_spec("hyperscan") is not None
    if fast and not installed:
        raise FastScrubbingMissing("hyperscan is not installed; it was asked for by name")
    if installed if fast is None else fast:
        return HyperscanPrefilter([*shapes, *signs])
    return RegexPrefilter([*shapes, *signs])


class RegexPrefilter:
    """The recognisers' patterns on every text, only those whose needs it meets: needs nothing else.

    Most patterns want more digits than most texts have, or a sign that hardly any has.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._searches = [
            (shape.bit, needs(shape.pattern, shape.flags), _search(shape)) for shape in shapes
        ]
        wanted = {sign for _, need, _ in self._searches for sign in need.signs}
        self._enough = max(need.digits for _, need, _ in self._searches)
        self._others = bytes(set(range(128)) - set(map(ord, wanted)))
        self._worth: dict[tuple[int, bytes], list[tuple[int, Search]]] = {}

    def look(self, texts: Sequence[str]) -> list[int]:
        """Give the bits of every text; a batch that takes too long is unfit from there on."""
        deadline = time.monotonic() + _SECONDS
        return [self._bits(text) if time.monotonic() < deadline else UNFIT for text in texts]

    def _bits(self, text: str) -> int:
        drawing = fold(text)
        bits = UNFIT if b"\x00" in drawing else 0
        if not is_plain(text):
            bits |= WRAPPED
        for bit, search in self._worth_trying(drawing):
            if not bits & bit and search(text):
                bits |= bit
        return bits

    def _worth_trying(self, drawing: bytes) -> list[tuple[int, Search]]:
        """Give the searches that can find something: a digit is drawn as one, a sign as itself."""
        digits = min(len(drawing) - len(drawing.translate(None, _DIGITS)), self._enough)
        signs = drawing.translate(None, self._others)
        if signs:
            signs = bytes(sorted(set(signs)))
        known = self._worth.get((digits, signs))
        if known is None:
            there = set(signs.decode())
            known = [
                (bit, search)
                for bit, need, search in self._searches
                if need.digits <= digits and need.signs <= there
            ]
            if len(self._worth) < _MOST_REMEMBERED:
                self._worth[digits, signs] = known
        return known


def _search(shape: Shape) -> Search:
    # This engine can look back, and is twice as fast where it need not try every blank.
    pattern = regex.compile(shape.pattern.replace(EDGE, BEGIN), flags=shape.flags)
    search: Search = pattern.search
    return search


class HyperscanPrefilter:
    """All patterns at once over all texts joined, drawn in ASCII.

    ``PREFILTER`` drops what Hyperscan cannot do (look-arounds, back-references), which only ever
    adds matches.  Matches are reported by their end, which lies in the text that matched; a match
    that runs over a separator is one of the needless ones.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        import hyperscan  # noqa: PLC0415  # the extra `fast`; absent in the smallest installation

        flags = {
            re.IGNORECASE: hyperscan.HS_FLAG_CASELESS,
            re.MULTILINE: hyperscan.HS_FLAG_MULTILINE,
            re.DOTALL: hyperscan.HS_FLAG_DOTALL,
        }
        every = [*shapes, Shape(r"\x00", _EXACT, UNFIT)]
        self._bits = [shape.bit for shape in every]
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[_in_ascii(shape.pattern).encode("ascii") for shape in every],
            ids=list(range(len(every))),
            flags=[
                hyperscan.HS_FLAG_PREFILTER
                | sum(theirs for ours, theirs in flags.items() if shape.flags & ours)
                for shape in every
            ],
        )
        self._scratch = threading.Lock()  # Hyperscan's working memory serves one scan at a time

    def look(self, texts: Sequence[str]) -> list[int]:
        """Give the bits of every text."""
        joined = SEPARATOR.join(texts)
        seen: set[tuple[int, int]] = set()

        def report(shape: int, _start: int, end: int, _flags: int, _context: object) -> None:
            seen.add((shape, end))

        with self._scratch:
            self._database.scan(fold(joined), match_event_handler=report)
        bits = [0] * len(texts)
        if seen:
            ends = [end - 1 for end in accumulate(len(text) + 1 for text in texts)]
            for shape, end in seen:
                bits[bisect_left(ends, end)] |= self._bits[shape]
        for position, text in enumerate(texts):
            # The first half is a part of the second, without a call for each of most texts.
            if not (text.isascii() and text.isprintable()) and not is_plain(text):
                bits[position] |= WRAPPED
        return bits


def _in_ascii(pattern: str) -> str:
    """Write a pattern for the drawing: each character outside ASCII as what it is drawn as.

    Ranges of such characters shrink to the range of one character, which is what all of them are
    drawn as where it matters (the dashes in the phone recogniser's punctuation).
    """
    if pattern.isascii():
        return pattern
    ranges = re.sub(r"([^\x00-\x7f])-([^\x00-\x7f])", r"\1\2", pattern)
    return "".join(c if c.isascii() else re.escape(drawn(c)) for c in ranges)
