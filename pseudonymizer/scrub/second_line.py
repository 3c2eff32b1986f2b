"""The second line: names and places in free text, found by language models (R-71).

    patterns have looked ─ remembered? ─ yes ───────────────▸ what was left last time
                             └ no ─ within the budget? ─ no ─▸ dropped whole
                                      └ yes ─ French, then English ─▸ masked, or dropped whole

A model finds names that no pattern knows and misses others, so it is never the only line, and what
it has not read is not kept.  Nothing is downloaded: a model that is not installed is an error.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from pseudonymizer.scrub.decode import readings
from pseudonymizer.scrub.finding import (
    UNREAD,
    Finding,
    Scrubbed,
    dropped,
    masked,
)
from pseudonymizer.scrub.memory import Memory

if TYPE_CHECKING:
    from pseudonymizer.scrub.engine import Scrubber
    from pseudonymizer.scrub.own import Own

BUDGET_SECONDS: Final = 1.0  # of one commit group, whose senders wait for their answer meanwhile
CHUNK_CHARACTERS: Final = 4_000  # between two looks at the clock: a tenth of a second
_REMEMBERED_TEXTS: Final = 50_000
_REMEMBERED_SECONDS: Final = 600.0
_PLACEHOLDER: Final = re.compile("<[A-Z_]+>")
_CLEAN: Final = Scrubbed("", ())


class Reads(Protocol):
    """What reads texts for names: the models, or whatever stands for them."""

    def names_in(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """Give what each text names."""
        ...


def installed_models() -> Reads:
    """Load the models; a second or two.

    Raises:
        SecondLineMissing: one of them is not installed.
    """
    from pseudonymizer.scrub.models import Models  # noqa: PLC0415  # spaCy takes seconds to import

    return Models()


class SecondLine:
    """Reads free text for names, once patterns have been through it.  Safe to share.

    Args:
        budget_s: for one call; what is not read by then is dropped.
        load: gives the models, at the first text or when ``warm`` asks.
    """

    def __init__(
        self,
        *,
        budget_s: float = BUDGET_SECONDS,
        load: Callable[[], Reads] = installed_models,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget_s
        self._load = load
        self._clock = clock
        self._models: Reads | None = None
        self._loading = threading.Lock()
        self._memory = Memory[Scrubbed](size=_REMEMBERED_TEXTS, seconds=_REMEMBERED_SECONDS)

    def warm(self) -> SecondLine:
        """Load the models now; otherwise the first free text waits for them.

        Raises:
            SecondLineMissing: one of them is not installed.
        """
        self._ready()
        return self

    def forget(self) -> None:
        """Empty the memory of earlier texts."""
        self._memory.clear()

    def read_through(
        self,
        scrubber: Scrubber,
        texts: Sequence[str],
        *,
        own: Sequence[Own] | None = None,
    ) -> list[Scrubbed]:
        """Take out of *texts* what patterns find, then what the models find in what is left."""
        first = scrubber.scrub_many(texts, own=own)
        second = self.judge([each.text for each in first])
        return [
            Scrubbed(after.text, tuple(sorted({*before.kinds, *after.kinds})))
            for before, after in zip(first, second, strict=True)
        ]

    def judge(self, texts: Sequence[str]) -> list[Scrubbed]:
        """Take names and places out of *texts*; one that could not be read is ``UNREAD``."""
        deadline = self._clock() + self._budget
        marks = [self._memory.mark(text) for text in texts]
        known: dict[bytes, Scrubbed] = {}
        unread: dict[bytes, str] = {}
        for mark, text in zip(marks, texts, strict=True):
            found = self._memory.recall(mark)
            if found is None:
                unread[mark] = text
            else:
                known[mark] = found
        for chunk in _chunks(unread):
            if self._clock() >= deadline:
                break
            for mark, result in self._read(chunk):
                known[mark] = result
                self._memory.keep(mark, result)
        late = dropped(UNREAD)
        judged = (known.get(mark, late) for mark in marks)
        return [
            result if result.kinds else Scrubbed(text, ())
            for result, text in zip(judged, texts, strict=True)
        ]

    def _read(self, chunk: Sequence[tuple[bytes, str]]) -> list[tuple[bytes, Scrubbed]]:
        """Judge one chunk; if it cannot be read, say nothing of it, and nothing of it is kept."""
        try:
            models = self._ready()
            wrapped = [(mark, text, _readings(text)) for mark, text in chunk]
            fit = [each for each in wrapped if each[2] is not None]
            every = [text for _, text, others in fit for text in (text, *(others or ()))]
            found = iter(models.names_in(every))
            results = []
            for mark, text, others in fit:
                plain = _outside_placeholders(text, next(found))
                hidden = {each.kind for _ in others or () for each in next(found)}
                results.append((mark, _result(text, plain, hidden)))
        except Exception:  # noqa: BLE001  # whatever went wrong, nobody has read these texts
            return []
        return results

    def _ready(self) -> Reads:
        if self._models is None:
            with self._loading:
                if self._models is None:
                    self._models = self._load()
        return self._models


def _chunks(unread: dict[bytes, str]) -> Iterator[list[tuple[bytes, str]]]:
    """Cut what is to be read into chunks of about as many characters, one text at least."""
    chunk: list[tuple[bytes, str]] = []
    size = 0
    for mark, text in unread.items():
        if chunk and size + len(text) > CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
        chunk.append((mark, text))
        size += len(text)
    if chunk:
        yield chunk


def _readings(text: str) -> list[str] | None:
    """Give what else a text may stand for; ``None`` where that is too much to be read."""
    try:
        return readings(text)
    except ValueError:
        return None


def _result(text: str, plain: tuple[Finding, ...], hidden: set[str]) -> Scrubbed:
    if hidden:
        return dropped(*sorted(hidden), *(finding.kind for finding in plain))
    return masked(text, plain) if plain else _CLEAN


def _outside_placeholders(text: str, found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Leave out what was seen in a placeholder alone; take one that is touched along whole."""
    places = [match.span() for match in _PLACEHOLDER.finditer(text)]
    kept = []
    for one in found:
        if any(start <= one.start and one.end <= end for start, end in places):
            continue
        touched = [span for span in places if span[0] < one.end and one.start < span[1]]
        start = min([one.start, *(first for first, _ in touched)])
        end = max([one.end, *(last for _, last in touched)])
        kept.append(one._replace(start=start, end=end))
    return tuple(kept)
