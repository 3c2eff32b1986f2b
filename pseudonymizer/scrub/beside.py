"""Numbers that count only beside a word for them, and the shapes their first look searches for.

One random number of nine digits in ten passes the check of a SIREN, and a passport looks like an
article number.  Presidio's own context words only move the score of what was found already, so that
every such number would be tokenised with its text; and they match inside other words (*né* in
*cheminée*).  Here the word is part of the pattern: whole, at most ``REACH`` characters away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from presidio_analyzer import Pattern, PatternRecognizer

from pseudonymizer.scrub.edges import BEGIN, EDGE, END

CASELESS: Final = re.DOTALL | re.MULTILINE | re.IGNORECASE  # the same bits as in `regex`
REACH: Final = 40  # characters; " de l'établissement principal (siège) : " are 40
_AFTER: Final = 12  # "732 829 320 (n° SIREN)", and not the next sentence
_SURE: Final = 0.6

Check = Callable[[str], bool]
"""Says of bare digits and capital letters whether their check digits are right."""


class Sight(NamedTuple):
    """A pattern, and what a text must show for it to match: the same, or something cheaper."""

    pattern: str
    shape: str


def alone(number: str) -> Sight:
    """See *number* wherever it stands."""
    return Sight(number, number)


def after(words: str, number: str, *, reach: int = REACH) -> Sight:
    r"""See *number* behind one of *words*, which are no part of what is found.

    No other digit may stand between them: a word speaks for the number that follows it.  (``\K``
    forgets what was matched up to it; the scanning engine does not know it and need not.)
    """
    words = _spaced(words)
    before = rf"(?:{words})(?![^\W\d_])\D{{0,{reach}}}?"  # digits may stand right behind it
    return Sight(rf"{BEGIN}{before}\K{number}", EDGE + before + number)


def before(number: str, words: str) -> Sight:
    """See *number* with one of *words* close behind it."""
    gap = rf"\D{{0,{_AFTER}}}?"
    behind = rf"(?:{_spaced(words)}){END}"
    return Sight(f"{number}(?={gap}{BEGIN}{behind})", rf"{number}{gap}[\W_]{behind}")


def _spaced(words: str) -> str:
    """Let any blank in *words* be two of any kind, as people leave them."""
    return re.sub(r" (\??)", lambda blank: r"\s{0,2}" if blank[1] else r"\s{1,2}", words)


def beside(words: str, *numbers: str) -> list[Sight]:
    """See each of *numbers* on either side of one of *words*."""
    return [sight for number in numbers for sight in (after(words, number), before(number, words))]


class SightRecognizer(PatternRecognizer):
    """Finds one kind of value by its sights, judged by its check digits where it has any."""

    def __init__(
        self,
        kind: str,
        sights: Sequence[Sight],
        *,
        language: str,
        check: Check | None = None,
        flags: int = CASELESS,
    ) -> None:
        super().__init__(
            supported_entity=kind,
            name=f"{type(self).__name__}: {kind}",
            patterns=[Pattern(kind, sight.pattern, _SURE) for sight in sights],
            supported_language=language,
            global_regex_flags=flags,
        )
        self._shapes = tuple(dict.fromkeys(sight.shape for sight in sights))
        self._flags = flags
        self._check = check

    def validate_result(self, pattern_text: str) -> bool | None:
        """Say whether the check digits are right, or ``None`` where there are none."""
        return self._check(bare(pattern_text)) if self._check else None

    def shapes(self) -> list[tuple[str, int]]:
        """Say in patterns, each with its flags, what there must be where something is found."""
        return [(shape, self._flags) for shape in self._shapes]


def bare(text: str) -> str:
    """Give the digits and letters of *text*, in capitals, without what people put between them."""
    return "".join(filter(str.isalnum, text)).upper()
