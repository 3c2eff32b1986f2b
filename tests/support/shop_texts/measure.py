"""How much of what was put in is found, and how much of what is found was put in.

Counted by text and kind, as the scrubber answers: found means that the kind is named and that
nothing of the value can be read any more.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pseudonymizer.scrub.engine import Scrubber
from tests.support.shop_texts.corpus import Text

BATCH = 500


@dataclass
class Tally:
    """Counts of one kind."""

    put: int = 0
    found: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float:
        return self.found / self.put if self.put else 1.0

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrong) if self.found + self.wrong else 1.0


@dataclass
class Measured:
    """Counts by kind, by encoding, and the texts in which something went wrong."""

    kinds: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    encodings: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    clean: int = 0
    spoiled: int = 0  # clean texts in which something was found
    missed: list[tuple[str, Text, str]] = field(default_factory=list)
    mistaken: list[tuple[str, Text, str]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        found = sum(tally.found for tally in self.kinds.values())
        return found / (found + sum(tally.wrong for tally in self.kinds.values()))


def measure(scrubber: Scrubber, texts: Iterable[Text]) -> Measured:
    """Scrub every text and compare with what was put in."""
    result = Measured()
    every = list(texts)
    for start in range(0, len(every), BATCH):
        batch = every[start : start + BATCH]
        for text, left in zip(batch, scrubber.scrub_many([t.text for t in batch]), strict=True):
            _count(result, text, left.text, left.kinds)
    return result


def _count(result: Measured, text: Text, left: str, kinds: tuple[str, ...]) -> None:
    if not text.kinds:
        result.clean += 1
        result.spoiled += bool(kinds)
    readable = re.sub(r"[\W_]", "", left.casefold())
    for kind, value in zip(text.kinds, text.values, strict=True):
        core = re.sub(r"[\W_]", "", value.casefold())
        found = kind in kinds and core not in readable
        tallies = [result.kinds[kind]]
        if text.encoding:
            tallies.append(result.encodings[kind, text.encoding])
        elif kind in {"EMAIL_ADDRESS", "PHONE_NUMBER"}:
            how = "none, overseas" if text.overseas else "none"
            tallies.append(result.encodings[kind, how])
        for tally in tallies:
            tally.put += 1
            tally.found += found
        if not found:
            result.missed.append((kind, text, left))
    for kind in set(kinds) - set(text.kinds):
        result.kinds[kind].wrong += 1
        result.mistaken.append((kind, text, left))


def tables(result: Measured) -> str:
    """Write the figures as two tables and two sentences."""
    lines = [
        "| Kind | put in | found | recall | found in error | precision |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{kind}` | {tally.put} | {tally.found} | {tally.recall:.3f}"
        f" | {tally.wrong} | {tally.precision:.3f} |"
        for kind, tally in sorted(result.kinds.items())
    ]
    lines += ["", "| Wrapped in | e-mail | phone |", "|---|---|---|"]
    for how in sorted({how for _, how in result.encodings}):
        cells = [
            f"{tally.found} of {tally.put}"
            if (tally := result.encodings.get((kind, how)))
            else "none"
            for kind in ("EMAIL_ADDRESS", "PHONE_NUMBER")
        ]
        lines.append(f"| {how} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Precision over all kinds: {result.precision:.3f}.",
        f"Of {result.clean} texts about nobody, {result.spoiled} lost something.",
    ]
    return "\n".join(lines)


def worst(result: Measured, *, most: int) -> str:
    """Name some texts of every kind in which something was missed or mistaken."""
    lines = []
    for name, cases in (("missed", result.missed), ("mistaken", result.mistaken)):
        counted: Counter[str] = Counter()
        for kind, text, left in cases:
            counted[kind] += 1
            if counted[kind] <= most:
                lines.append(f"{name} {kind}: {text.text!r} → {left!r}")
    return "\n".join(lines)
