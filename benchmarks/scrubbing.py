"""The scrubber against Presidio's own engine, with the same recognisers and the same findings.

CPU time of this thread.  The engine takes so long that it is given a part of the texts.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import regex
from presidio_analyzer import Pattern

from benchmarks.rows import Row, at_least, at_most
from benchmarks.scrub_texts import corpus, fuzz
from benchmarks.suite import Place, Run, interleaved, measures, say
from pseudonymizer.scrub.beside import SightRecognizer
from pseudonymizer.scrub.engine import REGIONS, Scrubber

TEXTS = 20_000
FUZZED = 10_000
BATCH = 2500  # five texts each of 500 events
TIMES = 10  # that a text comes where texts repeat: a list, a campaign, what everybody searches for
SAMPLE = 1_000  # of the texts, for Presidio's engine: a second
ENGINE = "Presidio's own engine with the same recognisers"

COLD = Row("scrub-cold", "texts of a shop, 3 % about somebody, none met before", "texts/s", ENGINE,
           at_least(12))  # fmt: skip
CLEAN = Row("scrub-clean", "the same, those about nobody", "texts/s", f"{ENGINE} on those",
            at_least(60))  # fmt: skip
REPEATS = Row("scrub-repeats", f"the same, each of them {TIMES} times", "texts/s", ENGINE,
              at_least(100))  # fmt: skip
WITHOUT = Row("scrub-without-hyperscan", "texts of a shop, none met before, without Hyperscan",
              "texts/s", ENGINE, at_least(12))  # fmt: skip
DIFFERING = Row("scrub-differing", "texts in which something else is found than by Presidio's own"
                " engine, with or without Hyperscan", "texts", "", at_most(0))  # fmt: skip
LINEAR = Row("scrub-linear", "a megabyte made to be slow, the recogniser of ours that suffers most",
             "s", "half a megabyte", at_most(2.5))  # fmt: skip

# Beginnings of what is looked for, without an end: the slowest that were found.
SLOW = ("né le ", "1 rue de la ", "siren ", "Mme A", "Mme A ", "4111 ", "1 A A A ", "plaque AB",
        "rib 1", "FR7", "1 rue A ", "date de naissance 1")  # fmt: skip
MEGABYTE = 1_000_000
SUSPECTS = 6  # slowest pairs of recogniser and text, at a twentieth of it


@dataclass(frozen=True)
class _Sides:
    """Both engines, the texts, and what of them is about nobody."""

    texts: list[str]
    fast: Scrubber
    plain: Scrubber

    @cached_property
    def clean(self) -> list[str]:
        return [text for text in self.texts if not self.fast.kinds_in(text)]

    @cached_property
    def repeated(self) -> list[str]:
        few = self.texts[: len(self.texts) // TIMES] * TIMES
        random.Random(1906).shuffle(few)  # noqa: S311  # an order, not a key
        return few

    def naive(self, texts: Sequence[str]) -> Callable[[], float]:
        """Give how many texts a second Presidio's engine takes."""
        sample = texts[:SAMPLE]
        return lambda: _per_second(
            lambda: [self.fast.naive_findings(text) for text in sample], len(sample)
        )


@measures(Place.NOWHERE, COLD, CLEAN, REPEATS, WITHOUT)
def speed(run: Run) -> Iterator[Row]:
    """Scrub the same texts with both, met before or not."""
    sides = _sides(run)
    texts, fast, naive = sides.texts, sides.fast, sides.naive(sides.texts)
    yield from interleaved(
        run,
        [
            (COLD, lambda: _scrubbed(fast, texts), naive),
            (CLEAN, lambda: _scrubbed(fast, sides.clean), sides.naive(sides.clean)),
            (REPEATS, lambda: _scrubbed(fast, sides.repeated), naive),
            (WITHOUT, lambda: _scrubbed(sides.plain, texts), naive),
        ],
    )


@measures(Place.NOWHERE, DIFFERING)
def same(run: Run) -> Iterator[Row]:
    """Compare the findings on every text, and on texts made to differ."""
    if not run.wants(DIFFERING):
        return
    sides = _sides(run)
    every = [*sides.texts, *fuzz(max(200, int(FUZZED * run.scale)))]
    say(f"comparing {len(every):,} texts")
    differing, found = 0, 0
    for text in every:
        expected = sides.fast.naive_findings(text)
        found += bool(expected)
        ours = sides.fast.findings(text), sides.plain.findings(text)
        differing += ours != (expected, expected)
    DIFFERING.figures.append(differing)
    DIFFERING.remark = f"of {len(every):,} texts, {found:,} of them with findings"
    yield DIFFERING


@measures(Place.NOWHERE, LINEAR)
def linear(run: Run) -> Iterator[Row]:
    """Give each recogniser of ours the texts it is slowest at, whole and halved."""
    if not run.wants(LINEAR):
        return
    from pseudonymizer.scrub.recognisers import recognisers  # noqa: PLC0415  # seconds to import

    size = int(MEGABYTE * max(run.scale, 0.2))
    ours = [who for who in recognisers("fr", REGIONS) if isinstance(who, SightRecognizer)]
    slowest = sorted(
        ((_searching(who, unit, size // 20), who, unit) for who in ours for unit in SLOW),
        key=lambda each: each[0],
        reverse=True,
    )[:SUSPECTS]
    measured = []
    for _, who, unit in slowest:
        half, whole = (min(_searching(who, unit, part) for _ in range(3)) for part in
                       (size // 2, size))  # fmt: skip
        measured.append((whole / half, whole, half, f"{who.supported_entities[0]}, `{unit}…`"))
    _, whole, half, name = max(measured)
    LINEAR.figures.append(whole)
    LINEAR.limits.append(half)
    LINEAR.remark = f"{name}, {size:,} characters; of the {SUSPECTS} slowest the ratio is largest,"
    LINEAR.remark += f" and {max(each[1] for each in measured):.2f} s the longest time"
    yield LINEAR


def _sides(run: Run) -> _Sides:
    texts = corpus(max(1_000, int(TEXTS * run.scale)))
    return _Sides(texts, Scrubber(fast=True).warm(), Scrubber(fast=False).warm())


def _scrubbed(scrubber: Scrubber, texts: Sequence[str]) -> float:
    scrubber.forget()

    def work() -> None:
        for start in range(0, len(texts), BATCH):
            scrubber.scrub_many(texts[start : start + BATCH])

    return _per_second(work, len(texts))


def _per_second(work: Callable[[], object], texts: int) -> float:
    began = time.thread_time()
    work()
    return texts / (time.thread_time() - began)


def _searching(who: SightRecognizer, unit: str, size: int) -> float:
    """Give the seconds that all patterns of *who* take on *unit*, repeated up to *size*."""
    text = unit * (size // len(unit))
    flags = int(who.global_regex_flags or 0)
    given: list[Pattern] = who.patterns  # type: ignore[has-type]  # not declared
    patterns = [regex.compile(each.regex, flags=flags) for each in given]
    began = time.thread_time()
    for pattern in patterns:
        for _ in pattern.finditer(text, timeout=60):
            pass
    return time.thread_time() - began
