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
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

import regex

from pseudonymizer.scrub.decode import SIGNS, is_plain
from pseudonymizer.scrub.errors import FastScrubbingMissing
from pseudonymizer.scrub.fold import SEPARATOR, drawn, fold

WRAPPED: Final = 1 << 30
UNFIT: Final = 1 << 31
_EXACT: Final = re.DOTALL | re.MULTILINE
_SECONDS: Final = 5.0  # for one batch without Hyperscan, whose own time is linear
_UNFIT: Final = "[\x00\ud800-\udfff]"


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
    """The recognisers' patterns one by one on every text: about ten times slower, needs nothing."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._searches = [
            (shape.bit, regex.compile(shape.pattern, flags=shape.flags).search)
            for shape in [*shapes, Shape(_UNFIT, _EXACT, UNFIT)]
        ]

    def look(self, texts: Sequence[str]) -> list[int]:
        """Give the bits of every text; a batch that takes too long is unfit from there on."""
        deadline = time.monotonic() + _SECONDS
        return [self._bits(text) if time.monotonic() < deadline else UNFIT for text in texts]

    def _bits(self, text: str) -> int:
        bits = 0 if text.isascii() or is_plain(text) else WRAPPED
        for bit, search in self._searches:
            if not bits & bit and search(text):
                bits |= bit
        return bits


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
        if not joined.isascii():
            for position, text in enumerate(texts):
                if not (text.isascii() or is_plain(text)):
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
