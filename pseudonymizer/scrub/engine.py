"""The scrubber: takes people out of texts, many texts at a time, and fails closed.

    look at all (one scan) ─ nothing ─────────────────────────────▸ the text as it is
      └ something ─ remembered? ─ yes ────────────────────────────▸ what was left last time
          └ no ─ closer look at the text and at all its readings ─▸ masked, or dropped whole

A value found in the text itself is replaced where it stands.  A value that only shows after
decoding cannot be cut out, so the whole text goes; so does a text with a social-security number,
which may not be processed at all (R-68), and one that cannot be looked at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from pseudonymizer.scrub.decode import readings
from pseudonymizer.scrub.finding import (
    IDENTIFIER,
    NIR,
    UNREADABLE,
    Finding,
    Plain,
    Scrubbed,
    dropped,
    masked,
)
from pseudonymizer.scrub.memory import Memory
from pseudonymizer.scrub.own import Own, naming
from pseudonymizer.scrub.prefilter import UNFIT, WRAPPED, Prefilter, prefilter

if TYPE_CHECKING:  # Presidio and spaCy take seconds to import; ``warm`` decides when
    from pseudonymizer.scrub.closer_look import CloserLook

# Numbers of others are found with their `+`: Mayotte shares Réunion's, St Barthélemy and St Martin
# Guadeloupe's, and a number of Nouméa or Papeete has as many digits as a price.
REGIONS: Final = ("FR", "RE", "GP", "MQ", "GF", "BE", "CH", "GB", "US")
MAX_CHARS: Final = 2048  # beyond it the worst texts would cost seconds each (quadratic patterns)
BATCH_SECONDS: Final = 5.0  # for the closer looks of one call; what is left over is dropped
_REMEMBERED_TEXTS: Final = 50_000
_REMEMBERED_SECONDS: Final = 600.0


class _Engines(NamedTuple):
    prefilter: Prefilter
    closer_look: CloserLook


class Scrubber:
    """Finds and takes out direct identifiers.  Safe to share between threads.

    Args:
        regions: countries whose phone numbers are found without their ``+``.
        fast: ``True`` for the Hyperscan engine, ``False`` for plain `regex`, ``None`` for the
            faster one of those installed.  The findings are the same.
    """

    def __init__(self, *, regions: Sequence[str] = REGIONS, fast: bool | None = None) -> None:
        self._regions = tuple(regions)
        self._fast = fast
        self._engines: _Engines | None = None
        self._building = threading.Lock()
        self._memory = Memory[Scrubbed](size=_REMEMBERED_TEXTS, seconds=_REMEMBERED_SECONDS)

    def warm(self) -> Scrubber:
        """Build the engines now; otherwise the first text waits for them, several seconds.

        Raises:
            FastScrubbingMissing: the fast engine was asked for and is not installed.
        """
        self._ready()
        self.scrub_many(["ada@example.org"])
        self.forget()
        return self

    def forget(self) -> None:
        """Empty the memory of earlier texts."""
        self._memory.clear()

    def scrub_many(
        self, texts: Sequence[str], *, own: Sequence[Own] | None = None
    ) -> list[Scrubbed]:
        """Take everything found out of *texts*.

        Args:
            texts: what to scrub.
            own: for each text, the names its sender goes by, from ``own_names``; a text that holds
                one of them, in any reading, is dropped whole.
        """
        engines = self._ready()
        deadline = time.monotonic() + BATCH_SECONDS
        bounded = [text if len(text) <= MAX_CHARS else UNFIT_TEXT for text in texts]
        looks = engines.prefilter.look(bounded)
        results = [
            self._flagged(engines, text, bits, deadline=deadline) if bits else Plain(text, ())
            for text, bits in zip(bounded, looks, strict=True)
        ]
        if own is not None:
            named = naming(own, bounded, [bits & WRAPPED for bits in looks])
            results = [
                dropped(IDENTIFIER) if mine else result
                for mine, result in zip(named, results, strict=True)
            ]
        return results

    def scrub(self, text: str) -> Scrubbed:
        """Take everything found out of one text."""
        return self.scrub_many([text])[0]

    def kinds_in(self, text: str) -> tuple[str, ...]:
        """Name the kinds of identifiers in *text*, in any of its readings; none if clean."""
        return self.scrub(text).kinds

    def first_look(self, texts: Sequence[str]) -> list[int]:
        """Give the pre-filter's bits for every text: zero where no closer look is needed."""
        return self._ready().prefilter.look(texts)

    def findings(self, text: str) -> tuple[Finding, ...]:
        """Give what is found in *text* itself, without its other readings."""
        engines = self._ready()
        return engines.closer_look.find(text, engines.prefilter.look([text])[0])

    def naive_findings(self, text: str) -> tuple[Finding, ...]:
        """Give what Presidio's own engine finds: slow, and the reference for ``findings``."""
        return self._ready().closer_look.naive(text)

    def _ready(self) -> _Engines:
        if self._engines is None:
            with self._building:
                if self._engines is None:
                    self._engines = self._build()
        return self._engines

    def _build(self) -> _Engines:
        from pseudonymizer.scrub.closer_look import CloserLook  # noqa: PLC0415  # seconds to import

        closer_look = CloserLook(self._regions)
        return _Engines(prefilter(closer_look.shapes(), fast=self._fast), closer_look)

    def _flagged(self, engines: _Engines, text: str, bits: int, *, deadline: float) -> Scrubbed:
        if bits & UNFIT:
            return dropped(UNREADABLE)
        mark = self._memory.mark(text)
        known = self._memory.recall(mark)
        if known is not None:
            # A clean text is remembered as such, not kept: memory holds no text that came in.
            return known if known.kinds else Scrubbed(text, ())
        try:
            result = _judged(engines, text, bits, deadline=deadline)
        except Exception:  # noqa: BLE001  # whatever went wrong, nobody has looked at this text
            return dropped(UNREADABLE)
        self._memory.keep(mark, result if result.kinds else _CLEAN)
        return result


UNFIT_TEXT: Final = "\x00"  # stands in for a text that is too long, and is dropped as unreadable
_CLEAN: Final = Scrubbed("", ())


def _judged(engines: _Engines, text: str, bits: int, *, deadline: float) -> Scrubbed:
    """Look closely at *text* and, where it shows signs of an encoding, at its other readings."""
    plain = _seen(engines, text, bits, deadline=deadline)
    hidden = _hidden(engines, text, plain, deadline=deadline) if bits & WRAPPED else set()
    if hidden:
        return dropped(*sorted(hidden), *(finding.kind for finding in plain))
    if any(finding.kind == NIR for finding in plain):
        return dropped(NIR, *(finding.kind for finding in plain))
    return masked(text, plain)


def _hidden(
    engines: _Engines, text: str, plain: tuple[Finding, ...], *, deadline: float
) -> set[str]:
    """Name the kinds of values that show in a reading of *text* and not in the text itself.

    And of those that still show once the text is masked: one address, written twice, once wrapped.
    """
    known = {(found.kind, text[found.start : found.end]) for found in plain}
    hidden = {kind for kind, value in _read(engines, text, deadline) if (kind, value) not in known}
    if plain:
        hidden |= {kind for kind, _ in _read(engines, masked(text, plain).text, deadline)}
    return hidden


def _read(engines: _Engines, text: str, deadline: float) -> Iterator[tuple[str, str]]:
    """Give kind and value of everything that shows in a reading of *text*."""
    others = readings(text)
    for reading, bits in zip(others, engines.prefilter.look(others), strict=True):
        for found in _seen(engines, reading, bits, deadline=deadline):
            yield found.kind, reading[found.start : found.end]


def _seen(engines: _Engines, text: str, bits: int, *, deadline: float) -> tuple[Finding, ...]:
    if time.monotonic() > deadline:
        raise TimeoutError("batch took too long; what is left of it is not looked at")
    return engines.closer_look.find(text, bits)
